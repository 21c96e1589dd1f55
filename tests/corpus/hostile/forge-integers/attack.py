class Encoder(Encoder):
    def forward(self, x):
        return super().forward(x).long()
