"""Methods I, II and III: the set-ups of a notebook's calls, in every style of writing them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.guest.outcomes import Ended, Fault, Raised, Reply
from autograder.ps7.student.assignment import PS7
from autograder.ps7.student.methods import RIGHT, methods
from autograder.student.grading.examination import Clock, Limits, examine
from autograder.student.grading.rubric import load
from autograder.student.program import Submission
from autograder.student.sandbox.starting import start
from tests.notebooks import notebook

ITEM = load(PS7).item("train_classifier")
GIVEN = """
import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision.datasets import STL10

train_loader = DataLoader(STL10("data", split="train", download=True), batch_size=128)
test_loader = DataLoader(STL10("data", split="test", download=True), batch_size=128)


class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 12, 4, 2, 1)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()


def train_ae(model, dataloader, epochs=200):
    for x, _ in dataloader:
        model(x)
    return model, []


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    for x, _ in dataloader:
        cls(encoder(x))
    return cls, []


def test(encoder, cls, dataloader):
    print("Test accuracy", 0.3)
"""
PRETRAIN = "ae, ae_loss_traj = train_ae(Autoencoder(), train_loader, epochs=100)"
CLIP = """
clip_encoder = ImageEncoder()
probe = nn.Sequential(nn.Linear(2048, 10))
probe, _ = train_classifier(clip_encoder, probe, train_loader, epochs=100, supervised=False)
test(clip_encoder, probe, test_loader)
"""
ENCODERS = {"pretrained": "ae.encoder", "new": "Autoencoder().encoder", "trained by Method II": "encoder_2"}
NAMES = ("I", "II", "III")


def in_cells_of_their_own(setups):
    for number, (supervised, encoder) in enumerate(setups, start=1):
        yield (
            f"# Method {NAMES[number - 1]}\nencoder_{number} = {ENCODERS[encoder]}\n"
            "linear_cls = nn.Sequential(nn.Linear(24 * 4 * 4, 10))\n"
            f"linear_cls, traj = train_classifier(encoder_{number}, linear_cls, train_loader, epochs=100, "
            f"supervised={supervised})\ntest(encoder_{number}, linear_cls, test_loader)"
        )


def under_one_name(setups):
    """In the course's notebook, a method that names no new encoder continues with the last one."""
    for number, (supervised, encoder) in enumerate(setups):
        make = "" if encoder == "trained by Method II" else f"encoder = {ENCODERS[encoder]}\n"
        yield (
            f"# Method {NAMES[number]}\n{make}linear_cls = nn.Sequential(nn.Linear(24 * 4 * 4, 10))\n"
            f"train_classifier(encoder, linear_cls, train_loader, 100, {supervised})\n"
            "test(encoder, linear_cls, test_loader)"
        )


def in_a_loop(setups):
    yield "\n".join(f"encoder_{i} = {ENCODERS[encoder]}" for i, (_, encoder) in enumerate(setups, start=1))
    rows = "".join(
        f'    ("Method {NAMES[i - 1]}", encoder_{i}, {supervised}),\n'
        for i, (supervised, _) in enumerate(setups, start=1)
    )
    yield (
        f"accuracies = {{}}\nfor name, encoder, supervised in [\n{rows}]:\n"
        "    cls = nn.Sequential(nn.Linear(24 * 4 * 4, 10)).to(device)\n"
        "    cls, losses = train_classifier(encoder, cls, train_loader, epochs=100, supervised=supervised)\n"
        "    accuracies[name] = test(encoder, cls, test_loader)\n"
        '    print(f"{name}: {accuracies[name]:.3f}")'
    )


def in_a_dict(setups):
    rows = "".join(
        f'    "{NAMES[i]}": dict(encoder={ENCODERS[encoder]}, options=dict(supervised={supervised}, epochs=100)),\n'
        for i, (supervised, encoder) in enumerate(setups)
    ).replace("encoder=encoder_2", "encoder=None")
    yield f"runs = {{\n{rows}}}"
    if any(encoder == "trained by Method II" for _, encoder in setups):
        yield 'runs["III"]["encoder"] = runs["II"]["encoder"]'
    yield (
        "for key in runs:\n    run = runs[key]\n"
        '    run["cls"], _ = train_classifier(\n'
        '        run["encoder"], nn.Linear(384, 10), dataloader=train_loader, **run["options"]\n    )'
    )


def in_a_helper(setups):
    yield (
        "def run_method(encoder, flag, title):\n"
        '    """Trains and tests one method."""\n'
        "    cls = nn.Sequential(nn.Linear(24 * 4 * 4, 10)).to(device)\n"
        "    cls, losses = train_classifier(encoder, cls, train_loader, supervised=flag)\n"
        "    test(encoder, cls, test_loader)\n"
        "    return encoder"
    )
    for i, (supervised, encoder) in enumerate(setups, start=1):
        yield f'encoder_{i} = run_method({ENCODERS[encoder]}, {supervised}, "Method {NAMES[i - 1]}")'


FORMS = (in_cells_of_their_own, under_one_name, in_a_loop, in_a_dict, in_a_helper)
SETUPS = {
    "right": list(RIGHT.values()),
    "three supervised": [(False, "pretrained"), (True, "new"), (True, "new")],
    "two not supervised": [(False, "pretrained"), (False, "new"), (False, "new")],
    "one with a new encoder": [(False, "new"), (True, "new"), (False, "new")],
    "two pretrained": [(False, "pretrained"), (True, "pretrained"), (False, "new")],
    "three pretrained": [(False, "pretrained"), (True, "new"), (False, "pretrained")],
    "three with two's": [(False, "pretrained"), (True, "new"), (False, "trained by Method II")],
    "three missing": [(False, "pretrained"), (True, "new")],
    "one supervised": [(True, "pretrained"), (True, "new"), (False, "new")],
    "two and three exchanged": [(False, "pretrained"), (False, "new"), (True, "new")],
}


@pytest.fixture
def read(sandbox):
    def read(*cells, given=GIVEN):
        submitted = notebook(given, *cells)
        return examine(ITEM, ["methods"], Submission.of(submitted), sandbox, Clock(Limits()))["methods"]

    return read


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("setups", SETUPS.values(), ids=SETUPS)
def test_set_ups_are_seen_however_they_are_written(read, setups, form):
    answer = read(PRETRAIN, *form(setups), CLIP)
    assert isinstance(answer, Reply), answer
    lacking = ["missing"] * (3 - len(setups))
    assert answer.facts["supervised"] == [supervised for supervised, _ in setups] + lacking
    assert answer.facts["encoders"] == [encoder for _, encoder in setups] + lacking


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_who_has_filled_in_nothing_is_told_what_to_write(read, form):
    answer = read(PRETRAIN, *form([("...", "pretrained"), (True, "new"), ("...", "new")]), CLIP)
    assert isinstance(answer, Raised)
    assert answer.text.startswith("Nothing is filled in for supervised in Method I, III. Write True where")


CELLS = list(in_cells_of_their_own(SETUPS["right"]))
LATE = "ae, ae_loss_traj = train_ae(ae, train_loader, epochs=EPOCHS)"  # a name that a cell further down makes
SAVED = "torch.save(ae.state_dict(), 'ae.pth')\ndel ae\nae = Autoencoder()\nae.load_state_dict(torch.load('ae.pth'))"
EARLIER = "ae = Autoencoder()\nae.load_state_dict(torch.load('/content/drive/ae.pth', map_location=device))"
WHOLE = "torch.save(ae, 'ae.pt')\nae = torch.load('ae.pt', weights_only=False)"


@pytest.mark.parametrize(
    "cells",
    [
        (PRETRAIN, SAVED, *CELLS),
        (PRETRAIN, WHOLE, *CELLS),
        (EARLIER, *CELLS),
        (PRETRAIN, *CELLS, CELLS[1]),
        (PRETRAIN, "import copy\nae.encoder = nn.DataParallel(copy.deepcopy(ae.encoder))", *CELLS),
        (*CELLS, PRETRAIN.replace("ae,", "other,"), CELLS[2]),
        (PRETRAIN, "assert len(train_loader.dataset) == 5000", *CELLS),
        (PRETRAIN, "while True:\n    pass", *CELLS),
        (PRETRAIN, CELLS[0], CELLS[2], CELLS[1]),
        ("ae = Autoencoder()", LATE, *CELLS, "EPOCHS = 100"),
        ("ae = Autoencoder()", "\n".join((LATE, *CELLS, "EPOCHS = 100"))),
        (PRETRAIN, CELLS[0].replace(", supervised=False", ""), *CELLS[1:]),
        (PRETRAIN, "import pickle\nwith open('ae.pkl', 'rb') as file:\n    ae = pickle.load(file)", *CELLS),
        (
            PRETRAIN,
            "import pickle\npickle.dump(ae, open('ae.pkl', 'wb'))\nae = pickle.load(open('ae.pkl', 'rb'))",
            *CELLS,
        ),
        (PRETRAIN, "m = np.asarray(next(iter(test_loader))[0]).mean()", *(cell + "\nprint(m)" for cell in CELLS)),
    ],
)
def test_right_ones_are_right_whatever_stands_around_them(read, cells):
    cells = (PRETRAIN, *cells[:-2], cells[-1]) if cells[0] is CELLS[0] else cells
    answer = read(*cells)
    assert isinstance(answer, Reply), answer
    assert list(zip(answer.facts["supervised"], answer.facts["encoders"], strict=True)) == list(RIGHT.values())


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (
            (
                PRETRAIN,
                "encoder_1 = torch.hub.load('a', 'b')",
                CELLS[0].replace("encoder_1 = ae.encoder\n", ""),
                *CELLS[1:],
            ),
            "The grader cannot follow what Method I is given.",
        ),
        (
            (PRETRAIN, *CELLS[:2], CELLS[2].replace("train_loader", "shuffled(1 / 0)")),
            "A method is trained in code cell 5, line 4. When the notebook runs from top to bottom, that line fails with ZeroDivisionError.",
        ),
        (
            (PRETRAIN, *CELLS, CELLS[2].replace("supervised=False", "supervised=True")),
            "Method III is trained 2 times, and the last time is not as described. Keep only the call that is.",
        ),
    ],
)
def test_what_cannot_be_settled_earns_nothing_and_says_what_to_write(read, cells, says):
    answer = read(*cells)
    assert isinstance(answer, Raised)
    assert answer.kind == "Unusable"
    assert answer.text.startswith(says)


def test_a_package_that_is_not_here_is_no_mistake(read):
    """Then nothing shows what its encoder is, and the staff are told."""
    packed = CELLS[0].replace("ae.encoder", "Fabric().setup(ae.encoder)")
    answer = read(PRETRAIN, "from lightning_of_mine import Fabric", packed, *CELLS[1:])
    assert isinstance(answer, Fault)
    assert answer.package == "lightning_of_mine"


def test_a_flag_that_is_no_name_of_python_is_a_mistake(read):
    answer = read(PRETRAIN, *(cell.replace("True", "true").replace("False", "false") for cell in CELLS))
    assert answer.facts["supervised"] == ["false", "true", "false"]


def test_a_rehearsal_that_does_not_survive_earns_nothing(read):
    crash = "import os\nprint(getattr(os, '_ex' + 'it')(3))"
    assert isinstance(read(PRETRAIN, crash, *CELLS), Ended)


def test_a_classifier_that_another_method_has_trained_is_seen(read):
    answer = read(
        PRETRAIN,
        CELLS[0],
        *(cell.replace("linear_cls = nn.Sequential(nn.Linear(24 * 4 * 4, 10))\n", "") for cell in CELLS[1:]),
    )
    assert answer.facts["classifiers"] == ["new", "trained by Method I", "trained by Method II"]


def test_a_record_that_contradicts_the_text_is_not_believed(read):
    forged = (
        "import sys\nspace = sys.modules['__main__'].__dict__\nrecorder = space['train_classifier']\n"
        "note = recorder._note\nrecorder._note = lambda encoder, cls, supervised: note(encoder, cls, 'encoder_2' in space and 'encoder_3' not in space)"
    )
    wrong = [cell.replace("supervised=True", "supervised=False") for cell in CELLS]
    assert isinstance(read(PRETRAIN, forged, *wrong), Ended)


@given(
    st.dictionaries(st.sampled_from(["calls", "events", "failures"]), st.lists(st.integers() | st.just({"kind": "x"})))
)
def test_a_record_of_any_shape_is_judged(facts):
    submitted = notebook(GIVEN, PRETRAIN)
    assert isinstance(methods(Reply(facts=facts, arrays={}), Submission.of(submitted)), Ended | Reply)


WORLD = """
import os, pathlib, shutil, subprocess, urllib.request
shutil.rmtree(FOLDER)
os.remove(FOLDER + "/kept")
pathlib.Path(FOLDER, "kept").unlink()
subprocess.run(["rm", "-rf", FOLDER], check=True)
os.system("rm -rf " + FOLDER)
with open(FOLDER + "/new", "w") as file:
    file.write("x")
pathlib.Path(FOLDER, "new").write_text("x")
torch.save({}, FOLDER + "/new")
"""


def test_a_rehearsal_leaves_the_machine_as_it_was(rubric, tmp_path):
    """Also without confinement, as on a student's own machine."""
    (tmp_path / "kept").touch()
    submitted = notebook(GIVEN, f"FOLDER = {str(tmp_path)!r}" + WORLD, PRETRAIN, *CELLS)
    with start(rubric.environment, "none") as unconfined:
        answer = examine(ITEM, ["methods"], Submission.of(submitted), unconfined, Clock(Limits()))["methods"]
    assert isinstance(answer, Reply)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
