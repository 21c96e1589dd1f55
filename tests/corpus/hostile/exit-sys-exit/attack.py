class Encoder(Encoder):
    def forward(self, x):
        import sys

        sys.exit()
