"""Loops over rows and the order of activations, as the text shows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.student.program import Definitions, applied, outline, row_loops
from autograder.student.program.loops import FEW, ROWS
from tests.notebooks import notebook

HEAD = """class CLIPModel(nn.Module):
    def forward(self, batch):
        images = self.image_projection(self.image_encoder(batch["image"]))
        texts = self.text_projection(self.text_encoder(input_ids=batch["input_ids"]))
        logits = images @ texts.T / self.temperature
        n = logits.shape[0]
"""


def loops_of_forward(*lines, before=""):
    text = HEAD + "".join(f"        {line}\n" for line in lines)
    definitions = Definitions(outline(notebook(before, text)))
    forward = definitions.of_class("CLIPModel", "forward")
    return row_loops(definitions, forward, {"batch": FEW, "batch_size": ROWS})


@pytest.mark.parametrize(
    "lines",
    [
        ("loss = 0", "for i in range(n):", "    loss = loss - logits[i, i]"),
        ("for i in range(len(images)):", "    pass"),
        ("for i in range(batch_size):", "    pass"),
        ("for image, text in zip(images, texts):", "    pass"),
        ("for i, row in enumerate(logits):", "    pass"),
        ("loss = torch.stack([row.logsumexp(0) for row in logits]).mean()",),
        ("loss = sum(logits[i, i] for i in range(logits.size(0)))",),
        ("loss = {i: logits[i] for i in torch.arange(n)}",),
        ("i = 0", "while i < n:", "    i += 1"),
        ("loss = sum(map(torch.logsumexp, logits))",),
        ("loss = functools.reduce(add, logits)",),
        ("for direction in (logits, logits.T):", "    for row in direction:", "        pass"),
        (
            "def one(rows, i):",
            "    return 0 if i == len(rows) else rows[i] + one(rows, i + 1)",
            "loss = one(logits, 0)",
        ),
        ("loss = row_by_row(logits)",),
        ("parts = [logits]", "for row in [*logits]:", "    pass"),
    ],
)
def test_a_loop_over_the_pairs_is_seen(lines):
    helper = "def row_by_row(rows):\n    return sum(row.sum() for row in rows)\n"
    assert loops_of_forward(*lines, before=helper)


def test_a_loop_in_an_inherited_method_is_seen():
    base = "class Base(nn.Module):\n    def row_by_row(self, rows):\n        for row in rows:\n            pass\n"
    text = base + HEAD.replace("nn.Module", "Base") + "        return self.row_by_row(logits)\n"
    definitions = Definitions(outline(notebook(text)))
    places = row_loops(definitions, definitions.of_class("CLIPModel", "forward"), {"batch": FEW})
    assert places == ["line 3 of code cell 1: a for loop over rows"]


@pytest.mark.parametrize(
    "lines",
    [
        ("for side in (logits, logits.T):", "    pass"),
        (
            "losses = []",
            "for side in [logits, logits.T]:",
            "    losses.append(side.mean())",
            "for each in losses:",
            "    pass",
        ),
        ("loss = sum(ce(side, targets) for side in (logits, logits.T)) / 2",),
        ("for side, axis in zip((logits, logits.T), (0, 1)):", "    pass"),
        ("for layer in self.layers:", "    images = layer(images)"),
        ("batch = {name: values.to(device) for name, values in batch.items()}",),
        ("for name in batch:", "    pass"),
        ("for axis in range(2):", "    pass"),
        ("pair = (logits, logits.T)", "for i in range(len(pair)):", "    pass"),
        ("loss = torch.stack([ce(logits), ce(logits.T)])", "for part in loss:", "    pass"),
        ("loss = self.both(logits)",),
        ("for name, module in self.named_children():", "    pass"),
        ("while self.training and images is None:", "    break"),
        ("both = torch.cat([images, texts])", "first, second = both.chunk(2)"),
    ],
)
def test_other_loops_are_none_over_the_pairs(lines):
    assert loops_of_forward(*lines) == []


@pytest.mark.parametrize(
    "passing", ["enumerate", "reversed", "list", "tuple", "sorted", "set", "iter", "tqdm", "tqdm_notebook"]
)
def test_what_passes_few_on_makes_no_rows_of_them_and_hides_none(passing):
    assert loops_of_forward(f"for side in {passing}((logits, logits.T)):", "    pass") == []
    assert loops_of_forward(f"for row in {passing}(logits):", "    pass")


RETRIEVE = """def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    text_embeddings = model.text_projection(model.text_encoder(**tokens))
    similarities = (text_embeddings @ image_embeddings.T).squeeze(0)
"""


def loops_of_retrieval(*lines):
    definitions = Definitions(outline(notebook(RETRIEVE + "".join(f"    {line}\n" for line in lines))))
    function = definitions.function("retrieve_images")
    return row_loops(definitions, function, {"image_embeddings": ROWS, "image_filenames": ROWS})


@pytest.mark.parametrize(
    "line",
    [
        "scores = [float(text_embeddings @ each) for each in image_embeddings]",
        "scores = {name: each @ text for name, each in zip(image_filenames, image_embeddings)}",
        "scores = [similarities[i].item() for i in range(image_embeddings.shape[0])]",
        "scores = list(map(lambda each: each @ text, image_embeddings))",
    ],
)
def test_a_loop_over_the_images_is_seen(line):
    assert loops_of_retrieval(line)


@pytest.mark.parametrize(
    "lines",
    [
        ("matches = [image_filenames[i] for i in similarities.topk(k).indices.tolist()]",),
        ("values, places = torch.topk(similarities, k)", "matches = [image_filenames[i] for i in places]"),
        ("order = np.argsort(-similarities.numpy())[:k]", "matches = [image_filenames[i] for i in order]"),
        ("order = similarities.argsort()", "matches = [image_filenames[i] for i in order[-k:].flip(0)]"),
        ("matches = [name for _, name in sorted(zip(similarities, image_filenames), reverse=True)[:k]]",),
        ("matches = image_filenames[similarities >= limit]", "for match, axis in zip(matches, axes):", "    pass"),
        ("for i in range(k):", "    matches.append(image_filenames[order[i]])"),
        (
            "best = heapq.nlargest(k, range(len(similarities)), key=score)",
            "matches = [image_filenames[i] for i in best]",
        ),
    ],
)
def test_going_through_the_matches_is_no_loop_over_the_images(lines):
    assert loops_of_retrieval(*lines) == []


@given(st.text(alphabet="for inrage(len)=[]:.,x y\n  def self", max_size=80))
def test_reading_never_raises(text):
    read = outline(notebook(RETRIEVE + "    " + text.replace("\n", "\n    ")))
    if (function := Definitions(read).function("retrieve_images")) is not None:
        row_loops(Definitions(read), function, {"image_embeddings": ROWS})


@pytest.mark.parametrize(
    ("layers", "forward", "order"),
    [
        ("nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.Sigmoid())", "return self.net(x)", ["ReLU", "sigmoid"]),
        ("nn.Sequential(nn.Sigmoid(), nn.ReLU())", "return self.net(x)", ["sigmoid", "ReLU"]),
        ("nn.Conv2d(1, 1, 1)", "return F.relu(torch.sigmoid(self.net(x)))", ["sigmoid", "ReLU"]),
        ("nn.Conv2d(1, 1, 1)", "return self.net(x).sigmoid().relu()", ["sigmoid", "ReLU"]),
        ("nn.ReLU()", "x = self.net(x)\n        x = torch.sigmoid(x)\n        return x", ["ReLU", "sigmoid"]),
        ("nn.ReLU()", "for _ in range(3):\n            x = self.net(x)\n        return x", []),
    ],
)
def test_activations_in_their_order(layers, forward, order):
    text = (
        "class Decoder(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.net = {layers}\n    def forward(self, x):\n        {forward}\n"
    )
    assert applied(Definitions(outline(notebook(text))), "Decoder") == order
