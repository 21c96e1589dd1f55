# %% replaces="class CLIPModel("
class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature
        self.logit_scale = nn.Parameter(torch.ones([]) * np.log(1 / 0.07))

    def forward(self, batch):
        images = self.image_projection(self.image_encoder(batch["image"]))
        texts = self.text_projection(
            self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        )
        logits = self.logit_scale.exp() * images @ texts.t()
        labels = torch.arange(len(logits), device=logits.device)
        loss = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels)) / 2
        return loss.mean()
