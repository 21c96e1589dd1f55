"""Ways to write the projection head, CLIP and the retrieval."""

from textwrap import indent

from autograder.staff.authoring.style import Style


def projection_head(style: Style) -> str:
    """One linear layer, and rows of length 1."""
    name = style.text("projection", "linear", "fc", "layer", "proj")
    layer = style.text(
        "nn.Linear(embedding_dim, projection_dim)",
        "nn.Linear(in_features=embedding_dim, out_features=projection_dim, bias=True)",
        "nn.Sequential(nn.Linear(embedding_dim, projection_dim))",
    )
    normalised = style.text(
        "F.normalize(z, dim=-1)",
        "F.normalize(z, p=2, dim=1)",
        "F.normalize(z)",
        "z / z.norm(dim=1, keepdim=True)",
        "z / torch.linalg.norm(z, dim=-1, keepdim=True)",
        "z / (z ** 2).sum(dim=1, keepdim=True).sqrt()",
        "z / torch.sqrt(torch.einsum('nd,nd->n', z, z))[:, None]",
        "torch.div(z, torch.norm(z, p=2, dim=1).unsqueeze(1))",
    )
    parameters = (
        f"{style.hinted('embedding_dim', 'int')}, {style.text('projection_dim=256', 'projection_dim=projection_dim')}"
    )
    return (
        f"class ProjectionHead({style.parent}):\n    def __init__(self, {parameters}):\n        {style.inherits}\n"
        f"        self.{name} = {layer}\n\n    def forward(self, x):\n"
        f"        z = self.{name}(x)\n        return {normalised}\n"
    )


def clip_model(style: Style) -> str:
    """The two encoders, the two heads, and the loss."""
    logits = style.text(
        "i @ t.T / self.temperature",
        "torch.matmul(i, t.t()) / self.temperature",
        "torch.einsum('nd,md->nm', i, t) / self.temperature",
        "(i / self.temperature) @ t.transpose(0, 1)",
        "torch.mm(i, t.T).div(self.temperature)",
        "F.linear(i, t) * (1 / self.temperature)",
        "(i[:, None, :] * t[None, :, :]).sum(dim=-1) / self.temperature",
        "(i.double() @ t.double().T) / self.temperature",
    )
    targets = style.text(
        "torch.arange(len(logits), device=logits.device)",
        "torch.arange(logits.shape[0]).to(logits.device)",
        "torch.tensor(range(logits.size(0)), device=logits.device)",
        "torch.eye(len(logits), device=logits.device).argmax(dim=1)",
    )
    loss = style.text(
        "loss = (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2",
        "loss = 0.5 * (nn.CrossEntropyLoss()(logits, targets) + nn.CrossEntropyLoss()(logits.t(), targets))",
        "both = [F.cross_entropy(z, targets, reduction='none') for z in (logits, logits.T)]\nloss = sum(both) / 2",
        "loss = -(logits.log_softmax(dim=0).diag() + logits.log_softmax(dim=1).diag()).mean() / 2",
        "own = logits.diagonal()\n"
        "loss = ((logits.logsumexp(dim=1) - own).mean() + (logits.logsumexp(dim=0) - own).mean()) / 2",
        "loss = torch.stack([F.cross_entropy(logits, targets), F.cross_entropy(logits.T, targets)]).mean()",
        "eye = torch.eye(len(logits), device=logits.device, dtype=logits.dtype)\n"
        "loss = -(eye * (F.log_softmax(logits, -1) + F.log_softmax(logits.T, -1))).sum() / (2 * len(logits))",
    )
    lines = ["i = self.image_projection(self.image_encoder(batch['image']))"]
    lines.insert(
        style.one_of(0, 1),  # type: ignore[arg-type]
        "t = self.text_projection(self.text_encoder(batch['input_ids'], batch['attention_mask']))",
    )
    lines += [
        f"logits = {logits}",
        f"targets = {targets}",
        *loss.split("\n"),
        style.text("return loss.mean()", "return loss.mean()"),
    ]
    heads = style.text("embedding_dim=", "")
    return (
        f"class CLIPModel({style.parent}):\n"
        "    def __init__(self, temperature=temperature, image_embedding=image_embedding,\n"
        "                 text_embedding=text_embedding):\n"
        f"        {style.inherits}\n        self.image_encoder, self.text_encoder = ImageEncoder(), TextEncoder()\n"
        f"        self.image_projection = ProjectionHead({heads}image_embedding)\n"
        f"        self.text_projection = ProjectionHead({heads}text_embedding)\n"
        "        self.temperature = temperature\n\n"
        f"    def forward(self, batch):\n{indent(chr(10).join(lines), ' ' * 8)}\n"
    )


def retrieve_images(style: Style) -> str:
    """The query's embedding, and the best files by one of many ways to sort."""
    scores = style.text(
        "(text @ image_embeddings.T).squeeze(0)",
        "(image_embeddings @ text.T).flatten()",
        "torch.einsum('nd,md->m', text, image_embeddings)",
        "torch.matmul(image_embeddings, text[0])",
        "(image_embeddings * text).sum(dim=1)",
        "F.linear(image_embeddings, text)[:, 0]",
    )
    best = style.text(
        "scores.topk(k).indices.tolist()",
        "torch.topk(scores, k=k)[1].cpu().tolist()",
        "scores.argsort(descending=True)[:k].tolist()",
        "torch.sort(scores, descending=True)[1][:k].tolist()",
        "np.argsort(-scores.cpu().numpy())[:k]",
        "scores.cpu().numpy().argsort()[::-1][:k]",
        "(-scores).sort().indices[:k].cpu().numpy()",
    )
    matches = style.text(
        "[image_filenames[b] for b in best]",
        "list(image_filenames[best])",
        "image_filenames[np.array(best)].tolist()",
        "[str(image_filenames[b]) for b in best]",
    )
    quiet = style.text("torch.no_grad()", "torch.inference_mode()")
    return (
        "def retrieve_images(model, image_embeddings, query, image_filenames, k=9):\n"
        "    import numpy as np\n    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)\n"
        "    tokens = tokenizer([query])\n    batch = {n: torch.tensor(v).to(device) for n, v in tokens.items()}\n"
        f"    with {quiet}:\n        text = model.text_projection(model.text_encoder(input_ids=batch['input_ids'], "
        "attention_mask=batch['attention_mask']))\n"
        f"        scores = {scores}\n    best = {best}\n    matches = {matches}\n    return matches\n"
    )
