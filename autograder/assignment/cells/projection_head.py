# Four rows of two numbers through your ProjectionHead, with its layer set to known values. Run it below your class.
import torch

head = ProjectionHead(embedding_dim=2, projection_dim=2).cpu()
rows = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0], [-2.0, 1.0]], requires_grad=True)
with torch.no_grad():
    head(rows)  # lazy layers have their shapes from here on
    for p in head.parameters():
        values = [1.0, 2.0, 2.0, -1.0] if p.numel() == 4 else [0.5, -0.5]  # weight and bias
        p.copy_(torch.tensor(values).reshape(p.shape))
out = head(rows)
out[:, 0].sum().backward()
evaluated = head.eval()(rows)

print("numbers in its parameters: expected 6, yours", sum(p.numel() for p in head.parameters()))
expected = ["0.707 0.707", "0.857 -0.514", "0.992 0.129", "0.091 -0.996"]
for row, want, mine in zip(rows.tolist(), expected, out.tolist()):
    print(f"row {row}:".ljust(25), "expected", want, " yours", " ".join(f"{x:.3f}" for x in mine))
print("length of every row:      expected 1.000 1.000 1.000 1.000, yours", *(f"{x:.3f}" for x in out.norm(dim=1)))
print(f"the change by head.eval(): expected 0.000, yours {(evaluated - out).abs().max():.3f}")
print("gradient of the first row: expected -0.236 0.707, yours", *(f"{x:.3f}" for x in rows.grad[0]))
