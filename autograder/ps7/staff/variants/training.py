"""Ways to write the bodies of the two training loops."""

from collections.abc import Sequence
from textwrap import indent

from autograder.staff.authoring.style import Style


def train_ae(style: Style) -> str:
    """The course's given function with a body for a minibatch."""
    out = style.text("out", "recon", "x_hat", "y", "output")
    reconstructed = style.text("model(x)", "model(x)", "model.forward(x)", "model.decoder(model.encoder(x))")
    loss = style.text(
        f"criterion({out}, x)",
        f"criterion(x, {out})",
        f"F.mse_loss({out}, x)",
        f"(({out} - x) ** 2).mean()",
        f"torch.mean(torch.square({out} - x))",
        f"({out} - x).pow(2).mean()",
        f"torch.nn.functional.mse_loss(input={out}, target=x)",
    )
    clear = _clearing(style, "model")
    steps = [f"{out} = {reconstructed}", f"loss = {loss}", "loss.backward()", "optimizer.step()"]
    steps.insert(style.one_of(0, 1, 2, 4), clear)  # type: ignore[arg-type]
    optimizer = style.text("optim.Adam(model.parameters(), lr=1e-3)", "torch.optim.Adam(model.parameters(), 0.001)")
    return _trained(style, "train_ae(model, dataloader, epochs=200)", optimizer, "nn.MSELoss()", "model", steps, "x, _")


def train_classifier(style: Style) -> str:
    """The course's given function with a body for a minibatch, and the encoder frozen where it has to be."""
    features = style.text("encoder(x)", "encoder.forward(x)")
    frozen = style.text(
        f"with torch.set_grad_enabled(supervised):\n    z = {features}",
        f"if supervised:\n    z = {features}\nelse:\n    with torch.no_grad():\n        z = {features}",
        f"z = {features}\nif not supervised:\n    z = z.detach()",
        f"z = {features} if supervised else {features}.detach()",
        f"z = {features}\nz = z if supervised else z.data",
    )
    flat = style.text(
        "z.view(z.size(0), -1)", "z.view(x.shape[0], -1)", "z.flatten(1)", "torch.flatten(z, start_dim=1)"
    )
    flat = style.text(flat, "z.reshape(len(x), -1)", "nn.Flatten()(z)")
    loss = style.text(
        "criterion(outs, y)",
        "F.cross_entropy(outs, y)",
        "F.nll_loss(F.log_softmax(outs, dim=1), y)",
        "-outs.log_softmax(dim=1)[torch.arange(len(y), device=y.device), y].mean()",
        "(outs.logsumexp(dim=1) - outs.gather(1, y[:, None]).squeeze(1)).mean()",
    )
    steps = [*frozen.split("\n"), f"outs = cls({flat})", f"loss = {loss}", "loss.backward()", "optimizer.step()"]
    steps.insert(style.one_of(0, len(steps)), "optimizer.zero_grad()")  # type: ignore[arg-type]
    settings = "lr=1e-3, weight_decay=1e-4"
    both = style.text(
        "list(encoder.parameters()) + list(cls.parameters())",
        "[*cls.parameters(), *encoder.parameters()]",
        "[{'params': encoder.parameters()}, {'params': cls.parameters()}]",
    )
    optimizer = style.text(
        f"optim.Adam({both} if supervised else cls.parameters(), {settings})",
        f"optim.Adam(cls.parameters(), {settings})\nif supervised:\n    optimizer = optim.Adam({both}, {settings})",
    )
    head = "train_classifier(encoder, cls, dataloader, epochs=100, supervised=False)"
    return _trained(style, head, optimizer, "nn.CrossEntropyLoss()", "cls", steps, "x, y")


def _clearing(style: Style, model: str) -> str:
    return style.text(
        "optimizer.zero_grad()",
        "optimizer.zero_grad(set_to_none=True)",
        "optimizer.zero_grad(set_to_none=False)",
        f"{model}.zero_grad()",
        f"for p in {model}.parameters(): p.grad = None",
    )


def _trained(
    style: Style, head: str, optimizer: str, criterion: str, returned: str, steps: Sequence[str], batch: str
) -> str:
    moved = "x = x.to(device)" if batch == "x, _" else "x, y = x.to(device), y.to(device)"
    body = indent(
        "\n".join([moved, *steps, "loss_epoch += " + style.text("loss.item()", "loss.detach().item()")]), " " * 12
    )
    epochs = style.text("tqdm_notebook(range(epochs))", "range(epochs)", "tqdm_notebook(range(epochs), leave=False)")
    loop = f"for {batch} in dataloader:"
    if style.one_of(False, True):
        loop = f"for i, ({batch}) in enumerate(dataloader):"
    return (
        f"def {head}:\n    optimizer = {indent(optimizer, ' ' * 4).strip()}\n    criterion = {criterion}\n"
        f"    {returned}.train()\n    loss_traj = []\n    for epoch in {epochs}:\n        loss_epoch = 0\n"
        f"        {loop}\n{body}\n        loss_traj.append(loss_epoch)\n    return {returned}, loss_traj\n"
    )
