# %% replaces="class CLIPModel("
def contrastive(images, texts, tau=0.07):
    logits = images @ texts.t() / tau
    labels = torch.arange(logits.shape[0], device=logits.device)
    return 0.5 * (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels))


class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        images = self.image_projection(self.image_encoder(batch["image"]))
        texts = self.text_projection(
            self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        )
        loss = contrastive(images, texts)
        return loss.mean()
