"""What training functions do to the tiny models."""

import numpy as np
import pytest

from tests.late import Late, torch

training = Late("autograder.ps7.guest.probes.training")

STEP = """
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), x)
            loss.backward()
            optimizer.step()
"""
TRAIN_AE = """
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    loss_traj = []
    for _ in range(epochs):
        total = 0
        for x, _ in dataloader:
            BODY
            total += loss.item()
        loss_traj.append(total)
    return model, loss_traj
"""
SIZE = {"seed": 1, "count": 272, "epochs": 2}


def autoencoder(namespace, body=STEP):
    return training.train_ae(namespace(TRAIN_AE.replace("            BODY", body.strip("\n"))), **SIZE)


def test_a_step_moves_each_parameter_by_about_the_learning_rate(namespace):
    facts, arrays = autoencoder(namespace)
    assert facts == {
        "returned": "a model, a list",
        "returns_model": True,
        "trajectory_length": 2,
        "moved": True,
        "steps": 6,
        "gradients": 6,
        "reached": True,
        "parameters": "4 of 4",
        "computed": [],
        "optimizer": "Adam, lr 0.001, decay 0, 4 of 4 parameters",
    }
    assert 1 < np.abs(arrays["movement"]).max() < 7
    assert arrays["trajectory"][1] < arrays["trajectory"][0]


def test_without_a_step_nothing_moves(namespace):
    facts, arrays = autoencoder(namespace, STEP.replace("optimizer.step()", "pass"))
    assert (facts["moved"], facts["steps"]) == (False, 0)
    assert not arrays["movement"].any()


def test_cleared_gradients_are_told_from_missing_steps(namespace):
    facts, _ = autoencoder(
        namespace, STEP.replace("optimizer.step()", "optimizer.zero_grad()\n            optimizer.step()")
    )
    assert (facts["moved"], facts["steps"], facts["gradients"]) == (False, 6, 6)


def test_a_loss_made_anew_reaches_nothing(namespace):
    body = STEP.replace(
        "loss.backward()", "loss = torch.tensor(loss.item(), requires_grad=True)\n            loss.backward()"
    )
    facts, _ = autoencoder(namespace, body)
    assert (facts["moved"], facts["steps"], facts["reached"]) == (False, 6, False)


def test_the_last_minibatch_is_smaller(namespace):
    body = STEP.replace("optimizer.zero_grad()", "sizes.append(len(x))\n            optimizer.zero_grad()")
    made = namespace("sizes = []\n" + TRAIN_AE.replace("            BODY", body.strip("\n")))
    training.train_ae(made, **SIZE)
    assert made["sizes"] == [128, 128, 16] * 2


TRAIN_CLASSIFIER = """
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(PARAMETERS, lr=1e-3, weight_decay=1e-4)
    for _ in range(epochs):
        for x, y in dataloader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(cls(encoder(x).flatten(1)), y)
            loss.backward()
            optimizer.step()
            EXTRA
    return cls, [1.0] * epochs
"""


@pytest.mark.parametrize(
    ("parameters", "extra", "encoder_changed", "classifier_moved"),
    [
        ("cls.parameters()", "pass", False, True),
        ("encoder.parameters()", "pass", True, False),
        ("[*encoder.parameters(), *cls.parameters()]", "pass", True, True),
        ("cls.parameters()", "encoder.scale.mul_(1.5)", True, True),
    ],
)
def test_what_moved(namespace, parameters, extra, encoder_changed, classifier_moved):
    source = TRAIN_CLASSIFIER.replace("PARAMETERS", parameters).replace("EXTRA", extra)
    facts, arrays = training.train_classifier(namespace(source), supervised=True, **SIZE)
    assert (facts["encoder_changed"], facts["classifier_moved"]) == (encoder_changed, classifier_moved)
    assert bool(arrays["classifier_movement"].any()) is classifier_moved


def test_the_fourth_call_has_an_encoder_in_evaluation_mode_with_batch_norm(namespace):
    right = TRAIN_CLASSIFIER.replace("PARAMETERS", "cls.parameters()").replace("EXTRA", "sizes.append(batch_size)")
    for text, drifts in ((right, False), (right.replace("optimizer.zero_grad()", "encoder.train()"), True)):
        made = namespace("batch_size, sizes = 32, []\n" + text)
        facts, _ = training.train_classifier(made, supervised=False, clip=True, **SIZE)
        assert facts["encoder_changed"] is drifts
        assert set(made["sizes"]) == {32}


def test_weight_decay_shows(namespace):
    right = TRAIN_CLASSIFIER.replace("PARAMETERS", "cls.parameters()").replace("EXTRA", "pass")
    without = right.replace(", weight_decay=1e-4", "")
    one, other = (training.train_classifier(namespace(text), supervised=False, **SIZE)[1] for text in (right, without))
    assert np.abs(one["classifier_movement"] - other["classifier_movement"]).max() > 0.1


@pytest.mark.parametrize(
    ("returned", "model", "length"),
    [
        ("(model, [1.0, 2.0])", True, 2),
        ("model", True, 0),
        ("None", False, 0),
        ("([1.0], model)", False, 0),
        ("(model, None)", True, 0),
    ],
)
def test_what_is_returned(namespace, returned, model, length):
    source = f"def train_ae(model, dataloader, epochs=200):\n    return {returned}"
    facts, _ = training.train_ae(namespace(source), **SIZE)
    assert (facts["returns_model"], facts["trajectory_length"]) == (model, length)


def test_the_hook_is_taken_away_again(namespace):
    autoencoder(namespace)
    with training.Watch(torch.nn.Linear(1, 1)) as watch:
        pass
    assert watch.facts == {
        "steps": 0,
        "gradients": 0,
        "reached": False,
        "parameters": "0 of 2",
        "optimizer": "none",
        "computed": [],
    }


def test_the_global_batch_size_is_that_of_the_minibatches(namespace):
    """A notebook sets it to 32 for its second problem, and the first problem may use it."""
    body = STEP.replace("optimizer.zero_grad()", "assert batch_size == 128\n            optimizer.zero_grad()")
    source = "batch_size = 32\n" + TRAIN_AE.replace("            BODY", body.strip("\n"))
    facts, _ = training.train_ae(namespace(source), **SIZE)
    assert facts["moved"]
