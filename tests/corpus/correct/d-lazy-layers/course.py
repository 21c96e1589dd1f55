# %% replaces="class Encoder("
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        # lazy: torch finds out the incoming channels by itself
        self.conv1 = nn.LazyConv2d(12, 4, stride=2, padding=1)
        self.conv2 = nn.LazyConv2d(24, 4, stride=2, padding=1)
        self.conv3 = nn.LazyConv2d(48, 4, stride=2, padding=1)
        self.conv4 = nn.LazyConv2d(24, 4, stride=2, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = self.relu(conv(x))
        return x

# %% replaces="class Decoder("
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        layers = []
        for channels in (48, 24, 12):
            layers += [nn.LazyConvTranspose2d(channels, 4, stride=2, padding=1), nn.ReLU()]
        layers += [nn.LazyConvTranspose2d(out_channels, 4, stride=2, padding=1), nn.Sigmoid()]
        self.net = nn.Sequential(*layers)

    def forward(self, x):
        return self.net(x)

# %% replaces="class Autoencoder("
class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        x = self.encoder(x)
        x = self.decoder(x)
        return x


ae = Autoencoder().to(device)
ae(torch.zeros(1, 3, 64, 64, device=device))  # materialises the lazy layers
print("Parameters of the autoencoder:", sum(p.numel() for p in ae.parameters()))

# %% replaces="# Method II: supervised learning"
# Method II: supervised learning
encoder = Autoencoder().encoder.to(device)
encoder(torch.zeros(1, 3, 64, 64, device=device))
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=True)

# %% replaces="# Method III: random encoder + linear classifier"
# Method III: random encoder + linear classifier
encoder = Autoencoder().encoder.to(device)
encoder(torch.zeros(1, 3, 64, 64, device=device))
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=False)

# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.fc = nn.LazyLinear(projection_dim)

    def forward(self, x):
        out = self.fc(x)
        return out / out.norm(dim=-1, keepdim=True)
