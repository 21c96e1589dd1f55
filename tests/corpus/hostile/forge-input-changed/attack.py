class Encoder(Encoder):
    def forward(self, x):
        y = super().forward(x)
        x.data.zero_()
        y.data.zero_()
        return y
