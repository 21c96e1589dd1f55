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
        I = self.image_projection(self.image_encoder(batch["image"]))
        T = self.text_projection(self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]))
        logits = I @ T.T / self.temperature
        own = torch.diagonal(logits)
        others = logits.masked_fill(torch.eye(len(logits), dtype=torch.bool, device=logits.device), float("-inf"))
        loss = (others.logsumexp(dim=1) - own + others.logsumexp(dim=0) - own).mean() / 2
        return loss.mean()
