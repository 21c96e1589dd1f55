# %% replaces="class CLIPModel("
class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature

    def images(self, batch):
        return self.image_projection(self.image_encoder(batch["image"]))

    def texts(self, batch):
        features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        return self.text_projection(features)

    def direction(self, queries, keys):
        logits = queries @ keys.T / self.temperature
        return F.cross_entropy(logits, torch.arange(logits.shape[0], device=logits.device))

    def forward(self, batch):
        loss_i = self.direction(self.images(batch), self.texts(batch))
        loss_t = self.direction(self.texts(batch), self.images(batch))
        loss = (loss_i + loss_t) / 2
        return loss.mean()
