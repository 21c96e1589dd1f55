# A small encoder and a linear layer, and how much each has changed after two minibatches. Run it below your function.
# In both, weight 0 has no gradient, so weight decay alone moves it; the others follow the loss.
def see_train_classifier():
    import contextlib
    import io

    import torch

    class Small(torch.nn.Module):
        def __init__(self, with_norm, size):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.linspace(0.5, 1.5, 24))
            self.norm, self.size = torch.nn.BatchNorm2d(24) if with_norm else torch.nn.Identity(), size

        def forward(self, x):  # (N, 3, 64, 64) -> (N, 24, 4, 4) or (N, 2048); feature map 0 is always 0
            maps = x.mean(1, keepdim=True)[..., :4, :4] * self.weight[:, None, None]
            maps = self.norm(maps * torch.tensor([0.0] + [1.0] * 23, device=maps.device)[:, None, None])
            return maps if self.size == 384 else maps.flatten(1).repeat(1, 6)[:, :2048]

    def run(supervised, epochs=1, size=384):
        encoder, layer = Small(not supervised, size).eval(), torch.nn.Linear(size, 10)
        with torch.no_grad():
            layer.weight.copy_(torch.linspace(-0.04, 0.05, 10)[:, None].expand(10, size))
            layer.bias.zero_()
        encoder, layer = encoder.to(place), layer.to(place)
        kept = encoder.weight.detach().clone(), layer.weight.detach().clone()
        with contextlib.redirect_stdout(io.StringIO()):  # what you print each epoch
            trained, losses = train_classifier(encoder, layer, loader, epochs=epochs, supervised=supervised)
        of_encoder, of_layer = encoder.weight.detach() - kept[0], trained.weight.detach() - kept[1]
        mean = getattr(encoder.norm, "running_mean", torch.zeros(1)).abs().max()
        changes = [of_encoder[0], of_encoder[1], mean, of_layer[9, 0], of_layer[9, 100], of_layer[0, 100]]
        return losses, [round(float(each), 6) + 0 for each in changes]

    place = globals().get("device", "cpu")
    brightness = torch.tensor([0.04, 0.02, 0.06, 0.03]).reshape(4, 1, 1, 1)
    pairs = torch.utils.data.TensorDataset(brightness.expand(4, 3, 64, 64).clone(), torch.tensor([9, 8, 0, 1]))
    loader = torch.utils.data.DataLoader(pairs, batch_size=2)
    rows = [
        ("encoder, weight 0", "0", "-0.002"),
        ("encoder, weight 1", "0", "0.000532"),
        ("encoder, batch norm's running mean", "0", "0"),
        ("linear layer, class 9, weight 0", "-0.001995", "-0.001995"),
        ("linear layer, class 9, weight 100", "0.001175", "0.001174"),
        ("linear layer, class 0, weight 100", "-0.000295", "-0.000295"),
    ]
    for supervised, expected in ((False, "5.0377"), (True, "5.0387")):
        losses, changes = run(supervised)
        print(f"\nsupervised={supervised}, one epoch")
        print(f"{'loss of both minibatches':38} expected {expected:10} yours {float(losses[0]):.4f}")
        for (what, frozen, learns), yours in zip(rows, changes):
            print(f"{what:38} expected {learns if supervised else frozen:10} yours {yours:.6g}")
    losses, changes = run(True, epochs=100)
    print("\nsupervised=True, 100 epochs")
    print(f"{'losses in loss_traj':38} expected 100        yours {len(losses)}")
    print(f"{'the last one':38} expected 2.9311     yours {float(losses[-1]):.4f}")
    losses, changes = run(False, size=2048)
    print("\nsupervised=False, 2048 features as of CLIP's image encoder")
    print(f"{'loss of both minibatches':38} expected 9.4213     yours {float(losses[0]):.4f}")


see_train_classifier()
