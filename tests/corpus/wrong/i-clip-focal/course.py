# %% replaces="class CLIPModel("
class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        image_embeddings = self.image_projection(image_features)
        text_embeddings = self.text_projection(text_features)
        n = len(image_embeddings)
        logits = image_embeddings @ text_embeddings.T / self.temperature
        t = torch.arange(n)
        p = logits.softmax(1).diagonal()
        q = logits.softmax(0).diagonal()
        loss = -((1 - p) ** 2 * p.log() + (1 - q) ** 2 * q.log()).mean() / 2
        return loss.mean()
