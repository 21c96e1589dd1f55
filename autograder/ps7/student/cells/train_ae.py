# 100 epochs with an autoencoder of two parameters; the first one can follow on paper. Run it below your function.
# encoder: x -> a x;  decoder: z -> z + b;  so a value x comes out as a x + b, with the squared error (a x + b - x)^2.
# The four images are yellow: red and green are 0.0, 0.2, 0.8 or 1.0, and blue is 0, where the error is b^2.
def see_train_ae():
    import contextlib
    import io

    import torch

    class Part(torch.nn.Module):
        def __init__(self, start, work):
            super().__init__()
            self.value, self.work, self.seen = torch.nn.Parameter(torch.tensor(start)), work, []

        def forward(self, x):
            self.seen.append((x.detach().float().cpu().flatten(1).mean(1), float(self.value)))
            return self.work(x, self.value)

    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = Part(0.5, lambda x, a: a * x)
            self.decoder = Part(0.3, lambda z, b: z + b)

        def forward(self, x):
            return self.decoder(self.encoder(x))

    brightness = torch.tensor([0.0, 0.2, 0.8, 1.0])
    images = brightness.reshape(4, 1, 1, 1).expand(4, 3, 64, 64).clone()
    images[:, 2] = 0
    pairs = torch.utils.data.TensorDataset(images, torch.zeros(4, dtype=torch.long))
    loader = torch.utils.data.DataLoader(pairs, batch_size=2)  # the minibatches: 0.0 and 0.2; 0.8 and 1.0
    kept = {name: globals()[name] for name in ("visualize_recon",) if name in globals()}
    globals().update(visualize_recon=lambda *_, **__: None)  # no pictures of so small a model
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # what you print each epoch
            trained, losses = train_ae(Two().to(globals().get("device", "cpu")), loader, epochs=100)
    finally:
        globals().update(kept)

    fed, values = trained.encoder.seen[0][0], [value for _, value in trained.decoder.seen]
    seen = [f"{float(x):.4f}" for x in losses]
    print("minibatch 0.0 and 0.2, a = 0.5000, b = 0.3000: 0.3^2 four times and 0.2^2 twice, their mean is 0.0733")
    print("minibatch 0.8 and 1.0, a = 0.4990, b = 0.2990: 0.1018^2, 0.2020^2 and 0.2990^2, their mean is 0.0469")
    print()
    print("loss of epoch 1, both minibatches     expected 0.1202          yours", *seen[:1])
    print("loss of epoch 2                       expected 0.1191          yours", *seen[1:2])
    print("loss of the last epoch                expected 0.0558          yours", *seen[-1:])
    print("epochs in loss_traj                   expected 100             yours", len(seen))
    print(f"a after all epochs                    expected 0.6240          yours {float(trained.encoder.value):.4f}")
    print(f"b after all epochs                    expected 0.1874          yours {float(trained.decoder.value):.4f}")
    steps = [f"{value - values[0]:.3f}" for value in values[1:3]]
    print("b - 0.3 at minibatch 2 and at 3       expected -0.001 -0.002   yours", *steps)
    print("means of what the encoder is fed      expected 0.00 0.13       yours", *(f"{float(x):.2f}" for x in fed))


see_train_ae()
