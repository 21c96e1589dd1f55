# %% replaces="class CLIPModel("
class CLIPModel(nn.Module):
    """Image and text encoders, a projection head for each, and the loss that pulls pairs together."""

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

        image_embeddings = self.image_projection(image_features)
        text_embeddings = self.text_projection(text_features)

        logits_per_image = -torch.cdist(image_embeddings, text_embeddings) / self.temperature
        targets = torch.arange(len(logits_per_image), device=logits_per_image.device)
        loss_image_to_text = F.cross_entropy(logits_per_image, targets)
        loss_text_to_image = F.cross_entropy(logits_per_image.T, targets)
        loss = (loss_image_to_text + loss_text_to_image) / 2
        return loss.mean()
