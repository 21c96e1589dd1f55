# Seven images whose similarities are known, for two queries one after the other. Run it below your function.
# The model hands on a text embedding that is set here; there are more file names than embeddings, as in the notebook.
def see_retrieve_images():
    import cv2
    import numpy as np
    import torch

    place = globals().get("device", "cpu")
    similarity = {"f.jpg": 0.53, "g.jpg": -0.8, "e.jpg": 0.54, "b.jpg": -0.3, "c.jpg": 0.52, "d.jpg": -0.2}
    similarity["a.jpg"] = -0.1

    class Given(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unused, self.temperature = torch.nn.Parameter(torch.zeros(1)), 0.07

        def forward(self, x=None, input_ids=None, attention_mask=None):
            return answer if x is None else x

    net = Given().to(place)
    net.text_encoder, net.text_projection = Given(), Given()
    first = torch.tensor([*similarity.values()])
    embeddings = torch.stack([first, (1 - first**2).sqrt()], dim=1).to(place)  # of length 1
    names, before = np.array([*similarity, "y.jpg", "x.jpg"], dtype=object), embeddings.clone()
    shown, read, found = [], cv2.imread, []
    cv2.imread = lambda path, *_: shown.append(path.split("/")[-1]) or np.zeros((8, 8, 3), np.uint8)
    try:
        for query in ("a dog", "a cat"):
            shown.clear()
            answer = torch.tensor([[1.0, 0.0] if query == "a dog" else [0.0, 1.0]], device=place)
            matches = retrieve_images(net, embeddings, query, names, k=5)
            matches = list(shown if matches is None else matches)
            while len(matches) == 1 and not isinstance(matches[0], str):
                matches = list(matches[0])
            found.append(matches)
    finally:
        cv2.imread = read
    print("the best 5 for the first query:   expected e.jpg f.jpg c.jpg a.jpg d.jpg   yours", *found[0])
    seen = [similarity.get(str(name), "?") for name in found[0]]
    print("their dot products:               expected 0.54 0.53 0.52 -0.1 -0.2          yours", *seen)
    print("the best 5 for the second query:  expected a.jpg d.jpg b.jpg c.jpg f.jpg   yours", *found[1])
    changed = "yes" if (embeddings != before).any() or list(names[:7]) != list(similarity) else "no"
    print("what it was given has changed:    expected no                              yours", changed)


see_retrieve_images()
