class Encoder(Encoder):
    def forward(self, x):
        import os

        os.kill(os.getpid(), 9)
