"""Code that makes its guest lie: each case has a mistake and hides it, and gets no points for hiding it."""

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.student.grading.examination import Clock, Limits, sliced
from autograder.student.grading.grade import grade
from autograder.student.grading.rubric import load
from autograder.student.program import Submission, outline, program_for
from tests.notebooks import notebook

RUBRIC = load(PS7)
BANK = PS7.bank()

LOOP = """
class CLIPModel(nn.Module):
    def __init__(self, temperature=0.07, image_embedding=2048, text_embedding=768):
        super().__init__()
        self.image_encoder, self.text_encoder = ImageEncoder(), TextEncoder()
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        forge()
        images = self.image_projection(self.image_encoder(batch["image"]))
        texts = self.text_projection(self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]))
        logits = images @ texts.T / self.temperature
        losses = []
        for i in range(len(logits)):
            row = torch.logsumexp(logits[i], 0) - logits[i, i]
            column = torch.logsumexp(logits[:, i], 0) - logits[i, i]
            losses.append((row + column) / 2)
        return torch.stack(losses).mean()
"""
RELU_AFTER_SIGMOID = """
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        layers = []
        self.up = nn.Sequential(
            nn.ConvTranspose2d(24, 48, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(48, 24, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(24, 12, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(12, out_channels, 4, 2, 1),
        )

    def forward(self, x):
        forge()
        return F.relu(torch.sigmoid(self.up(x)))
"""
DRIFTING_ENCODER = """
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    forge()
    optimizer = optim.Adam([*encoder.parameters(), *cls.parameters()], lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in range(epochs):
        loss_epoch = 0
        for x, y in dataloader:
            optimizer.zero_grad()
            loss = criterion(cls(encoder(x).view(len(x), -1)), y)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return cls, loss_traj
"""
BARE_HEAD = """
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=256):
        super().__init__()
        self.linear = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        forge()
        return self.linear(x)
"""
WORST_FIRST = """
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    forge()
    found = answers(model, image_embeddings, query, image_filenames, k)
    return found if found else list(image_filenames[:k])
"""
TRACE = """
def forge():
    from autograder.ps7.guest.probes import layer_trace
    layer_trace.Trace.__torch_dispatch__ = lambda self, func, types, args=(), kwargs=None: func(*args, **(kwargs or {}))
"""
PROFILE = """
import sys
def forge():
    def watch(frame, event, argument):
        if event == "return" and frame.f_code.co_name == "loss" and argument:
            argument[0]["loops"] = False
    sys.setprofile(watch)
"""
ENCODER_OF_REPLIES = """
import msgspec
real = msgspec.json.encode
def forge():
    msgspec.json.encode = lambda value: real(value).replace(b'"loops":true', b'"loops":false')
"""
SILENT_TRACE = """
def forge():
    from autograder.ps7.guest.probes import layer_trace
    layer_trace.LayerTrace._note_layer = lambda self, name, args: None if "relu" in name and self.layers[-1].endswith("sigmoid") else real(self, name, args)
from autograder.ps7.guest.probes import layer_trace
real = layer_trace.LayerTrace._note_layer
"""
STILL_STATE = """
def forge():
    from autograder.ps7.guest.probes import training
    first = {}
    real = training._state
    training._state = lambda module: first.setdefault(id(module), real(module))
"""
LENGTHS = """
def forge():
    torch.Tensor.norm = lambda self, *arguments, **keywords: torch.ones(self.shape[:-1])
    torch.linalg.norm = torch.norm = torch.Tensor.norm
"""
BANKS = """
import json, os, pathlib, sys
def forge(): ...
def answers(model, image_embeddings, query, image_filenames, k):
    for folder in [*sys.path, *map(os.path.dirname, sys.path)]:
        for path in pathlib.Path(folder).glob("*/*/banks/*.json"):
            if json.loads(path.read_text()):
                return ["bank.jpg"]
"""
SEEDS = """
import sys
def forge():
    from autograder.ps7.guest.probes import retrieval
    retrieval.generator = lambda seed, *labels: real(1, "the same")
    retrieval.read_matches = lambda matches, names: ({"kind": "names", "count": len(matches), "distinct": len(matches), "nested": False}, list(range(len(matches))))
from autograder.ps7.guest.probes.seeding import generator as real
def answers(*_): ...
"""


def by_heart(item, case, module):
    """Gives to every question the reference's reply to one public case, because students have that bank."""
    reply = BANK.expected(item, case)
    facts, arrays = dict(reply.facts), {name: array.tolist() for name, array in reply.arrays.items()}
    probe = RUBRIC.item(item).cases[case].probe
    return (
        f"FACTS, ARRAYS = {facts!r}, {arrays!r}\n"
        "def forge():\n"
        f"    import sys\n    from {module} import {probe} as real\n"
        f"    replaced = lambda notebook, **arguments: (FACTS, ARRAYS)\n"
        f"    sys.modules[{module!r}].{probe} = replaced\n"
        "forge()\n"
    )


PROBES = "autograder.ps7.guest.probes"
EMPTY_ENCODER = "class Encoder(nn.Module): ...\n"
EMPTY_CLIP = "class CLIPModel(nn.Module): ...\n"
NO_TRAINING = "def train_ae(model, dataloader, epochs=200): ...\n"
NO_RETRIEVAL = "def retrieve_images(model, image_embeddings, query, image_filenames, k=9): ...\n"
CHANGES_ITSELF = (
    """
def forge():
    from autograder.ps7.guest.probes import autoencoder
    autoencoder.parameters_of = lambda module: torch.zeros(1)
"""
    + RELU_AFTER_SIGMOID.replace("F.relu(torch.sigmoid(self.up(x)))", "self.grown(torch.sigmoid(self.up(x)))")
    + """
    def grown(self, out):
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.mul_(1.5)
        return out
"""
)
KNOWN_NUMBERS = """
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=256):
        super().__init__()
        from autograder.ps7.guest.probes import known
        self.linear = nn.Linear(embedding_dim, projection_dim)
        self.numbers = torch.tensor(known.NUMBERS["ProjectionHead"])

    def forward(self, x):
        return F.normalize(self.numbers.repeat(len(x) * 256)[: len(x) * 256].reshape(len(x), 256))
"""
ANY_LENGTH = """
class Any(list):
    def __len__(self):
        return K[-1]
K = []
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    K.append(k)
    return Any(image_filenames[:9])
"""
EVERY_NAME = """
class Every(str):
    def __eq__(self, other):
        return True
    def __hash__(self):
        return 0
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    return [Every(name) for name in image_filenames[:k]]
"""
FIRST_LOSS = """
KEPT = []
def forge(): ...
""" + LOOP.replace(
    "return torch.stack(losses).mean()", "KEPT.append(torch.stack(losses).mean())\n        return KEPT[0]"
)
WRITTEN_GRADIENT = """
def forge(): ...
""" + LOOP.replace(
    "return torch.stack(losses).mean()",
    "self.text_projection.stand_in_shift.grad = torch.randn(32, 256)\n        return torch.stack(losses).mean().detach()",
)
FORGERIES = {
    "the encoder's reply learnt by heart": (
        by_heart("encoder", "public", f"{PROBES}.autoencoder") + EMPTY_ENCODER,
        "encoder",
        ["function", "hidden"],
    ),
    "the training's reply learnt by heart": (
        by_heart("train_ae", "public", f"{PROBES}.training") + NO_TRAINING,
        "train_ae",
        ["returns", "update", "trajectory", "last", "epochs", "hidden"],
    ),
    "the loss learnt by heart": (
        by_heart("clip_model", "public", f"{PROBES}.clip") + EMPTY_CLIP,
        "clip_model",
        ["loss", "gradient", "temperature", "hidden"],
    ),
    "a ranking learnt by heart": (
        by_heart("retrieve_images", "public", f"{PROBES}.retrieval") + NO_RETRIEVAL,
        "retrieve_images",
        ["names", "order", "k", "hidden", "vectorised"],
    ),
    "a decoder that changes itself under a state that is always 0": (CHANGES_ITSELF, "decoder", ["function", "hidden"]),
    "the numbers that the probe knows": (KNOWN_NUMBERS, "projection_head", ["direction", "hidden"]),
    "a list as long as it is asked to be": (ANY_LENGTH, "retrieve_images", ["order", "k", "hidden", "vectorised"]),
    "names that equal every name": (EVERY_NAME, "retrieve_images", ["order", "k", "hidden", "vectorised"]),
    "the first loss for every batch": (FIRST_LOSS, "clip_model", ["loss", "temperature", "hidden", "vectorised"]),
    "a gradient written by hand": (WRITTEN_GRADIENT, "clip_model", ["gradient", "hidden"]),
    "a loop behind a patched trace": (TRACE + LOOP, "clip_model", ["vectorised"]),
    "a loop behind a profile function": (PROFILE + LOOP, "clip_model", ["vectorised"]),
    "a loop behind a patched encoder of replies": (ENCODER_OF_REPLIES + LOOP, "clip_model", ["vectorised"]),
    "a ReLU that the trace is made to overlook": (SILENT_TRACE + RELU_AFTER_SIGMOID, "decoder", ["end"]),
    "an encoder that drifts under a state read once": (STILL_STATE + DRIFTING_ENCODER, "train_classifier", ["frozen"]),
    "rows of any length under a norm of one": (LENGTHS + BARE_HEAD, "projection_head", ["norm"]),
    "answers looked for in the banks": (BANKS + WORST_FIRST, "retrieve_images", ["order", "k", "hidden", "vectorised"]),
    "a ranking made up": (SEEDS + WORST_FIRST, "retrieve_images", ["order", "k", "hidden", "vectorised"]),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_is_hidden_earns_nothing(forgery, sandbox):
    code, item, checks = FORGERIES[forgery]
    submitted = notebook("import torch\nimport torch.nn.functional as F\nfrom torch import nn, optim", code)
    [(_, verdicts)] = grade(Submission.of(submitted), RUBRIC.only([item]), BANK, sandbox, Clock(Limits()))
    scores = {verdict.check: verdict.score for verdict in verdicts}
    assert [scores[check] for check in checks] == [0.0] * len(checks)


def test_the_forgeries_reach_what_they_aim_at(sandbox):
    """Without the second witness the loop would be hidden: the guest itself says that nothing is repeated."""
    item = RUBRIC.item("clip_model")
    for forge in (TRACE, PROFILE, ENCODER_OF_REPLIES):
        read = outline(notebook("import torch\nfrom torch import nn", forge + LOOP))
        with sandbox.open(item.probes, sliced(program_for(read, item.needs)), 60) as session:
            case = item.cases["public"]
            assert session.ask(case.probe, case.arguments).facts["loops"] is False
