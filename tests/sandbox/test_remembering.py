"""A sandbox that remembers gives the same answers as one that does not, and no answer that a machine's state decided."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.guest.namespace import Source
from autograder.guest.outcomes import Ended, Fault, Frame, Missing, Raised, Reply
from autograder.student.sandbox.host import Sandbox
from autograder.student.sandbox.remembering import MOST_BYTES, Remembering
from autograder.student.sandbox.session import Session

PLACED = Raised("TypeError", "no", (Frame("code cell 3", 2, "forward", "x"),))


class Counting(Sandbox):
    """Guests whose answers depend on their program and on all questions so far. It counts them."""

    layers, unit, pid = (), 1.0, 1

    def __init__(self):
        self.opened = 0
        self.memory = 0.0
        self.outcomes = {}
        """Maps a program's text to the outcome of every question."""

    def open(self, probes, program, seconds, *, exhibits=""):
        self.opened += 1
        self.memory = 100.0 + len(program[0].source)
        return Answering(program[0].source, self.outcomes)

    def peak_memory(self):
        memory, self.memory = self.memory, 0.0
        return memory

    def close(self):
        pass


class Answering(Session):
    def __init__(self, text, outcomes):
        self.history, self.text, self.outcomes = [], text, outcomes
        self.loaded = Reply(facts={"failures": []}, arrays={})

    def ask(self, probe, arguments):
        self.history.append((probe, *arguments.values()))
        answer = self.outcomes.get(self.text)
        return answer or Reply(
            facts={"said": f"{self.text} {self.history}"}, arrays={"n": np.arange(len(self.history))}
        )

    def close(self):
        pass


def asked(sandbox, text, questions, cell=1, **options):
    with sandbox.open("probes", [Source(cell, 1, text)], 10.0, **options) as session:
        return [session.loaded, *(session.ask("probe", {"number": number}) for number in questions)]


@pytest.fixture
def inner():
    return Counting()


def same(one, other):
    return [(each.facts, each.arrays["n"].tolist() if "n" in each.arrays else None) for each in one] == [
        (each.facts, each.arrays["n"].tolist() if "n" in each.arrays else None) for each in other
    ]


@given(
    st.lists(st.tuples(st.sampled_from(["a = 1", "b = 2"]), st.lists(st.integers(0, 2), max_size=4)), max_size=12),
    st.booleans(),
)
def test_every_answer_is_that_of_a_guest_of_its_own(sessions, careful):
    remembering = Remembering(Counting(), careful=careful)
    for text, questions in sessions:
        assert same(asked(remembering, text, questions), asked(Counting(), text, questions))


def test_a_program_that_is_known_needs_no_guest(inner):
    remembering = Remembering(inner)
    for _ in range(3):
        asked(remembering, "a = 1", [1, 2])
    assert inner.opened == 1
    asked(remembering, "a = 1", [1])
    assert inner.opened == 1
    asked(remembering, "a = 2", [1])
    assert inner.opened == 2


@pytest.mark.parametrize(
    ("outcome", "opened"),
    [
        (Missing("Encoder"), 1),
        (Raised("TypeError", "no"), 1),
        (Ended("the code was still running after 10 s"), 4),
        (Fault("the machine has too little memory"), 4),
        (Raised("RuntimeError", "can't start new thread"), 4),
        (Raised("OSError", "No space left on device"), 4),
        (Missing("Encoder", Raised("MemoryError", "")), 4),
    ],
)
def test_in_a_class_only_what_the_text_decides_is_remembered(inner, outcome, opened):
    inner.outcomes["a = 1"] = outcome
    remembering = Remembering(inner, careful=True)
    remembering.is_drawn = lambda: False
    for _ in range(4):
        assert asked(remembering, "a = 1", [1])[1] == outcome
    assert inner.opened == opened


def test_for_one_person_everything_is_remembered(inner):
    inner.outcomes["a = 1"] = Ended("the code was still running after 10 s")
    remembering = Remembering(inner)
    assert asked(remembering, "a = 1", [1])[1] == asked(remembering, "a = 1", [1])[1]
    assert inner.opened == 1


@pytest.mark.parametrize("text", ["import time", "x = open('weights')", "\nos.environ", "np.random.rand(3)"])
def test_in_a_class_programs_that_use_more_than_their_text_are_run_each_time(inner, text):
    remembering = Remembering(inner, careful=True)
    for _ in range(3):
        asked(remembering, text, [1])
    assert inner.opened == 3


def test_an_outcome_that_names_a_place_is_known_only_there(inner):
    inner.outcomes["a = 1"] = PLACED
    remembering = Remembering(inner, careful=True)
    remembering.is_drawn = lambda: False
    for cell in (1, 1, 2, 2):
        asked(remembering, "a = 1", [1], cell=cell)
    assert inner.opened == 2
    for cell in (3, 4, 5):
        asked(remembering, "b = 1", [1], cell=cell)
    assert inner.opened == 3


def test_a_guest_that_is_shown_something_is_always_asked(inner):
    remembering = Remembering(inner)
    for _ in range(2):
        asked(remembering, "a = 1", [1], exhibits="/tmp")
    assert inner.opened == 2


def test_a_twentieth_of_the_known_programs_is_run_again(inner):
    remembering = Remembering(inner, careful=True)
    for number in range(2000):
        asked(remembering, f"a = {number % 5}", [1])
    assert 0.03 < (inner.opened - 5) / 1995 < 0.07


def test_a_program_that_gives_something_else_is_not_remembered_any_more(inner):
    remembering = Remembering(inner, careful=True)
    remembering.is_drawn = lambda: True
    asked(remembering, "a = 1", [1])
    inner.outcomes["a = 1"] = Reply(facts={}, arrays={"n": np.array([1.0])})
    assert asked(remembering, "a = 1", [1])[1] is inner.outcomes["a = 1"]
    remembering.is_drawn = lambda: False
    for _ in range(3):
        asked(remembering, "a = 1", [1])
    assert inner.opened == 5


def test_numbers_that_are_the_same_up_to_rounding_are_no_reason_to_forget(inner):
    inner.outcomes["a = 1"] = Reply(facts={}, arrays={"n": np.array([1.0, np.nan, np.inf])})
    remembering = Remembering(inner, careful=True)
    remembering.is_drawn = lambda: True
    asked(remembering, "a = 1", [1])
    inner.outcomes["a = 1"] = Reply(facts={}, arrays={"n": np.array([1.0 + 1e-7, np.nan, np.inf])})
    asked(remembering, "a = 1", [1])
    remembering.is_drawn = lambda: False
    asked(remembering, "a = 1", [1])
    assert inner.opened == 2


def test_a_known_answer_counts_the_memory_that_its_guest_took(inner):
    remembering = Remembering(inner)
    asked(remembering, "a = 1", [1])
    first = remembering.peak_memory()
    assert first == 105.0
    assert remembering.peak_memory() == 0.0
    asked(remembering, "a = 1", [1])
    assert remembering.peak_memory() == first


def test_what_is_remembered_has_a_limit(inner):
    remembering = Remembering(inner)
    for number in range(200):
        inner.outcomes[f"a = {number}"] = Reply(facts={}, arrays={"n": np.zeros(MOST_BYTES // 8 // 101)})
        asked(remembering, f"a = {number}", [1])
    opened = inner.opened
    asked(remembering, "a = 199", [1])
    assert inner.opened == opened
    asked(remembering, "a = 0", [1])
    assert inner.opened == opened + 1
