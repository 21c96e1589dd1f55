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
        targets = torch.arange(len(logits) - 1, -1, -1, device=logits.device)
        loss = (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2
        return loss.mean()
