# Four rows of two numbers through your ProjectionHead, with its layer set to known values. Run it below your class.
def see_projection_head():
    import torch

    def values(p):  # of the weight and of the bias
        return torch.tensor([1.0, 2.0, 2.0, -1.0] if p.numel() == 4 else [0.5, -0.5]).reshape(p.shape)

    head = ProjectionHead(embedding_dim=2, projection_dim=2).cpu()
    rows = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0], [-2.0, 1.0]], requires_grad=True)
    with torch.no_grad():
        head(rows)  # lazy layers have their shapes from here on
        for p in head.parameters():
            p.copy_(values(p))
    out = head(rows)
    out[:, 0].sum().backward()
    with torch.no_grad():
        moved = max((p - values(p)).abs().max() for p in head.parameters())
        again = max((head(rows) - out).abs().max() for _ in range(50))
        evaluated = (head.eval()(rows) - out).abs().max()

    print("numbers in its parameters:     expected 6    yours", sum(p.numel() for p in head.parameters()))
    for row, want, mine in zip(
        rows.tolist(), ["0.707 0.707", "0.857 -0.514", "0.992 0.129", "0.091 -0.996"], out.tolist()
    ):
        print(f"row {row}:".ljust(30), "expected", want, "  yours", " ".join(f"{x + 0:.3f}" for x in mine))
    lengths = [f"{x:.3f}" for x in out.norm(dim=1)]
    print("length of every row:           expected 1.000 1.000 1.000 1.000   yours", *lengths)
    gradient = [f"{x:.3f}" for x in rows.grad[0]]
    print("gradient of the first row:     expected -0.236 0.707   yours", *gradient)
    print(f"what 50 more calls change:     expected 0.000   yours {again:.3f}")
    print(f"what head.eval() changes:      expected 0.000   yours {evaluated:.3f}")
    print(f"what forward does to the layer: expected 0.000   yours {moved:.3f}")


see_projection_head()
