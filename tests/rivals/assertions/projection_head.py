import torch

_head = ProjectionHead(embedding_dim=16, projection_dim=8)
_projected = _head(torch.randn(4, 16))
assert _projected.shape == (4, 8), "the head should return (N, projection_dim)"
assert torch.allclose(_projected.norm(dim=1), torch.ones(4), atol=1e-5), "every row should have norm 1"
