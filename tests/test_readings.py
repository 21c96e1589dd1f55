"""How the three methods are read from the text of a notebook."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.program import outline
from autograder.readings import Unclear, methods
from autograder.sandbox.outcomes import Reply
from tests.notebooks import notebook

DEFINITION = "def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):\n    pass"
RIGHT = [False, True, False]


def read(*cells):
    submitted = notebook(DEFINITION, *cells)
    return methods(submitted, outline(submitted))


ONE = "cls1, t1 = train_classifier(ae.encoder, cls1, train_loader, epochs=100, supervised=False)"
TWO = "enc2 = Encoder()\ncls2, t2 = train_classifier(enc2, cls2, train_loader, epochs=100, supervised=True)"
THREE = "enc3 = Encoder()\ncls3, t3 = train_classifier(enc3, cls3, train_loader, epochs=100, supervised=False)"
PROBE = "c, t = train_classifier(model.image_encoder, nn.Linear(2048, 10), train_loader, supervised=False)"


@pytest.mark.parametrize(
    ("cells", "supervised", "own"),
    [
        ((ONE, TWO, THREE), RIGHT, True),
        ((ONE, TWO, THREE, PROBE), RIGHT, True),
        ((ONE + "\n" + TWO + "\n" + THREE,), RIGHT, True),
        ((ONE.replace(", supervised=False", ""), TWO, THREE), RIGHT, True),
        (
            (
                ONE.replace("epochs=100, supervised=False", "100"),
                TWO.replace("epochs=100, supervised=", "100, "),
                THREE,
            ),
            RIGHT,
            True,
        ),
        (("flag = True", ONE, TWO.replace("supervised=True", "supervised=flag"), THREE), RIGHT, True),
        ((ONE, TWO.replace("supervised=True", "supervised=1"), THREE), RIGHT, True),
        ((ONE, TWO, THREE.replace("enc3 = Encoder()\n", "").replace("enc3", "Encoder()")), RIGHT, True),
        ((ONE, TWO, THREE.replace("enc3", "enc2")), RIGHT, True),
        ((ONE, TWO, THREE.replace("enc3 = Encoder()\n", "").replace("enc3", "enc2")), RIGHT, False),
        ((ONE, TWO.replace("True", "False"), THREE.replace("=False", "=True")), [False, False, True], True),
        ((ONE, TWO.replace("True", "..."), THREE), [False, "...", False], True),
        ((("#", "### Method I"), ONE, ("#", "### Method III"), THREE, ("#", "### Method II"), TWO), RIGHT, True),
        ((("#", "Method 1"), ONE, ("#", "Method 2"), TWO, ("#", "Method 3"), THREE), RIGHT, True),
        ((ONE, TWO), [False, True], False),
    ],
)
def test_the_three_calls(cells, supervised, own):
    answer = read(*cells)
    assert isinstance(answer, Reply)
    assert answer.facts == {"supervised": supervised, "own_encoder": own}


@pytest.mark.parametrize(
    "cells",
    [
        ("for encoder, flag in runs:\n    train_classifier(encoder, cls, train_loader, supervised=flag)",),
        (ONE, TWO.replace("supervised=True", "**options"), THREE),
        (ONE, TWO.replace("supervised=True", "supervised=config['two']"), THREE),
        (ONE, TWO, THREE, "again, _ = train_classifier(enc3, cls3, train_loader, supervised=False)"),
        (
            "def run(encoder, flag):\n    return train_classifier(encoder, Linear(), train_loader, supervised=flag)",
            "run(e, True)",
        ),
    ],
)
def test_what_reading_cannot_follow_is_unclear(cells):
    assert isinstance(read(*cells), Unclear)


@given(st.lists(st.text(alphabet="train_classifier(,=)*\n :TrueFalse'#", max_size=60), max_size=4))
def test_reading_never_raises(cells):
    assert isinstance(read(*cells), Reply | Unclear)
