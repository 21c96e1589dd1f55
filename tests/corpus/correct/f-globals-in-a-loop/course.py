# %% replaces="num_workers = 2\nhead_lr"
def configure(lr, decay, n):
    global head_lr, weight_decay, epochs, batch_size, num_workers
    head_lr, weight_decay, epochs, batch_size, num_workers = lr, decay, n, 32, 2


configure(1e-3, 1e-3, 3)
for key, value in dict(
    image_path="./Images",
    captions_path=".",
    image_encoder_lr=1e-4,
    text_encoder_lr=1e-5,
    image_encoder_model="resnet50",
    image_embedding=2048,
    text_encoder_model="distilbert-base-uncased",
    text_embedding=768,
    text_tokenizer="distilbert-base-uncased",
    max_length=200,
    pretrained=True,
    trainable=True,
    temperature=0.07,
    size=64,
    projection_dim=256,
).items():
    globals()[key] = value

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

        logits_per_image = image_embeddings @ text_embeddings.T / self.temperature
        targets = torch.arange(batch_size, device=logits_per_image.device)
        loss_image_to_text = F.cross_entropy(logits_per_image, targets)
        loss_text_to_image = F.cross_entropy(logits_per_image.T, targets)
        loss = (loss_image_to_text + loss_text_to_image) / 2
        return loss.mean()
