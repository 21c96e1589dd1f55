class Encoder(Encoder):
    def forward(self, x):
        import sys

        sys.setrecursionlimit(10**9)
        return self.forward(x)
