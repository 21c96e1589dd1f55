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
        logits = F.cosine_similarity(I.unsqueeze(1), T.unsqueeze(0), dim=-1) / self.temperature
        y = torch.arange(len(logits), device=logits.device)
        loss = torch.mean(torch.stack([nn.functional.cross_entropy(m, y) for m in (logits, logits.t())]))
        return loss.mean()

# %% replaces="class ProjectionHead("

class ProjectionHead(nn.Linear):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__(embedding_dim, projection_dim)

    def forward(self, x):
        return F.normalize(super().forward(x), dim=-1)

# %% replaces="def retrieve_images("

def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    import pandas as pd
    scores = (image_embeddings @ text_embeddings.T).flatten().cpu().numpy()
    ranked = pd.Series(scores, index=image_filenames[: len(scores)])
    matches = ranked.nlargest(k).index.tolist()

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()
