class Encoder(Encoder):
    def forward(self, x):
        return torch.empty(len(x), 24, 4, 4, device="meta")
