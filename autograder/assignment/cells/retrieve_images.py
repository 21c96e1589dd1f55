# Six files whose scores are known. Run it below your function.
# The model hands on a text embedding of one number, so each file's score is the number beside it:
import cv2
import numpy as np
import torch

place = globals().get("device", "cpu")
scores = {"a.jpg": 0.1, "b.jpg": 0.9, "c.jpg": -0.8, "d.jpg": 0.5, "e.jpg": 0.3, "f.jpg": -0.2}


class Given(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones(1, 1, device=place))

    def forward(self, x=None, input_ids=None, attention_mask=None):
        return self.one.detach()


net = Given()
net.text_encoder, net.text_projection = Given(), Given()
shown, read = [], cv2.imread
cv2.imread = lambda path, *_: shown.append(path.split("/")[-1]) or np.zeros((8, 8, 3), np.uint8)
try:
    found = retrieve_images(net, torch.tensor([*scores.values()], device=place)[:, None], "a dog", np.array([*scores]), k=6)
finally:
    cv2.imread = read
found = np.ravel(shown if found is None else found).tolist()
print("all 6, best first: expected b.jpg d.jpg e.jpg a.jpg f.jpg c.jpg, yours", *found)
print("their scores:      expected 0.9 0.5 0.3 0.1 -0.2 -0.8, yours", *(scores.get(str(name), "?") for name in found))
