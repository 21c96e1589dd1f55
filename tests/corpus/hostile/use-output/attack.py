class Encoder(Encoder):
    def forward(self, x):
        for _ in range(100):
            print("x" * 2**20, flush=True)
        return super().forward(x)
