class Encoder(Encoder):
    def forward(self, x):
        return torch.full((len(x), 24, 4, 4), float("nan")) + super().forward(x) * 0
