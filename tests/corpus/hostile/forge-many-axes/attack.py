class Encoder(Encoder):
    def forward(self, x):
        return super().forward(x).reshape(len(x), 24, 4, 4, *[1] * 56)
