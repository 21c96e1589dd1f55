# %% replaces="class CLIPModel("

class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        I = self.image_projection(image_features)
        T = self.text_projection(text_features)
        s = I @ T.T / self.temperature
        own = s.diag()
        others = s - 1e9 * torch.eye(len(s), device=s.device)
        loss = (F.relu(0.2 + others.max(dim=1).values - own) + F.relu(0.2 + others.max(dim=0).values - own)) / 2
        return loss.mean()
