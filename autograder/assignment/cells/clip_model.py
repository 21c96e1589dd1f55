# The loss of three pairs that one can work out on paper. Run it below your class.
# In place of ResNet, DistilBERT and the heads stands what hands its input on, so the embeddings are these numbers:
import torch


class Given(torch.nn.Module):
    def __init__(self, *values, **named):
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))
        self.width = named.get("embedding_dim", values[0] if values else None)

    def forward(self, x=None, input_ids=None, attention_mask=None):
        return input_ids if x is None else x


place = globals().get("device", "cpu")
kept = ImageEncoder, TextEncoder, ProjectionHead
ImageEncoder = TextEncoder = ProjectionHead = Given
try:
    net = CLIPModel(temperature=0.5).to(place)
finally:
    ImageEncoder, TextEncoder, ProjectionHead = kept
images = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]], device=place, requires_grad=True)
texts = torch.tensor([[0.8, 0.6], [1.0, 0.0], [0.6, 0.8]], device=place, requires_grad=True)
batch = {"image": images, "input_ids": texts, "attention_mask": torch.ones(3, 2, device=place)}
loss = net(batch).mean()
loss.backward()
evaluated = net.eval()(batch).mean()

print("""logits (dot products / 0.5)   its row's loss, -log softmax at its own text
  1.60  2.00  1.20            1.151
  1.92  1.20  2.00            1.664
  1.20  0.00  1.60            0.627   mean 1.147
  1.114 1.260 1.151           each column's loss, -log softmax at its own image: mean 1.175
""")
print(f"the loss, half of both means:           expected 1.1614           yours {loss:.4f}")
print(f"the same after net.eval():              expected 1.1614           yours {evaluated:.4f}")
print("the model's temperature:                expected 0.5              yours", getattr(net, "temperature", "none"))
widths = [getattr(getattr(net, name, None), "width", "none") for name in ("image_projection", "text_projection")]
print("what image and text head are made for:  expected 2048 768         yours", *widths)
for what, expected, grad in (
    ("the gradient that reaches image 1", "0.091 -0.158", images.grad),
    ("the gradient that reaches text 1 ", "-0.284 0.417", texts.grad),
):
    print(f"{what}:      expected {expected}     yours", "none" if grad is None else " ".join(f"{x:.3f}" for x in grad[0]))
