class Encoder(Encoder):
    def forward(self, x):
        return bytearray(100 * 2**30)
