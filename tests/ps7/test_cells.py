"""The cells for students' own notebooks: each shows every mistake of its item in the first two digits of a number (a
difference in the fourth digit looks like rounding), and shows no difference where there is no mistake."""

import re

import pytest

from autograder.guest.outcomes import Raised
from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import corpus, frames, misconceptions
from autograder.student.grading.examination import sliced
from autograder.student.grading.rubric import load
from autograder.student.program import outline, program_for

RUBRIC = load(PS7)
NAMES = [item.name for item in RUBRIC.items if item.probes]
MISTAKES = [each for each in misconceptions.every(PS7, RUBRIC) if each.description.item in NAMES]
IN_OTHER_CELLS = "what `train_classifier` is given in Methods I, II and III stands in three cells of its own"
SORTED = "on this machine, and not on every one, numpy's partition happens to be sorted"
UNSEEN = {
    "clip-loop": "the loss is right; the loop is read, not run",
    "retrieve-loop": "the matches are right; the loop is read, not run",
    "decoder-relu-after-sigmoid": "what is above 0 a ReLU leaves as it is",
    "c-methods-swapped-one-direction train_classifier": IN_OTHER_CELLS,
    "i-ae-patience-of-four train_ae": "the loss falls in all epochs of the cell",
    "i-ae-weight-decay train_ae": "a decay this small shows in no digit of the cell",
    "i-clip-not-trainable clip_model": "the loss is right; which parameters train is not in the cell",
    "i-retrieve-five retrieve_images": "five are what the cell asks for",
    "i-retrieve-a-dict retrieve_images": "whoever goes through a dict of names sees the names",
    "i-retrieve-partition-by-method retrieve_images": SORTED,
    **dict.fromkeys(("retrieve-partition@of-the-negative", "retrieve-partition@turned-round"), SORTED),
    **dict.fromkeys(
        ("retrieve-manhattan-distance", "retrieve-manhattan-distance@greatest-difference"),
        "in the cell's two dimensions it orders the images alike",
    ),
    **{f"{path.name} train_classifier": IN_OTHER_CELLS for path in PS7.corpus.glob("wrong/j-methods-*")},
    **{mistake.slug: IN_OTHER_CELLS for mistake in MISTAKES if mistake.slug.startswith("methods-")},
    **{
        mistake.slug: "the loss falls in all epochs of the cell"
        for mistake in MISTAKES
        if "stops-early" in mistake.slug
    },
}
"""Maps a misconception's slug, or a case and its item, to the reason why the cell does not show it."""

UNUSUAL = {
    "a-nested-index-2022 retrieve_images": "returns nothing, and gives cv2 all file names at once",
    "b-tensorboard-metrics clip_model": "asks the heads for what its own one remembers",
    "e-clip-micro-batches clip_model": "gives the heads eight rows at a time",
    "i-classifier-features-once train_classifier": "puts the features into minibatches in an order of its own",
    "j-encoder-flat-weights encoder": "keeps its parameters in an order of its own, so that they get other known values",
    "f-head-one-matrix projection_head": "its bias is a row of its only matrix, so that there are no known values for it",
}
"""Maps a right case and its item to the reason why the cell shows a difference."""


def printed(sandbox, notebook, item):
    """The output of the cell below the notebook's code; None where it fails."""
    sources = sliced(program_for(outline(notebook), RUBRIC.item(item).needs))
    with sandbox.open("tests.ps7.cell_probe", sources, 60) as session:
        answer = session.ask("printed", {"cell": PS7.cell(item)})
    return None if isinstance(answer, Raised) else answer.facts["printed"]


def run(sandbox, notebook, item):
    """Pairs of the expected text and the text that came; None where the cell fails."""
    text = printed(sandbox, notebook, item)
    if text is None:
        return None
    rows = [
        (match[1].split(), match[2].split())
        for line in text.split("\n")
        if (match := re.search(r"expected\s+(.*?),?\s+yours(.*)$", line))
    ]
    assert rows
    return rows


def differs(rows):
    """Whether something differs from the expectation; an exception counts, because it is hard to overlook."""
    return rows is None or any(expected != yours for expected, yours in rows)


def shows(rows):
    """Whether a person sees the difference at once: in a word, or in the first two digits of a number."""
    return rows is None or differs([([*map(at_a_glance, one)], [*map(at_a_glance, other)]) for one, other in rows])


def at_a_glance(word):
    try:
        return f"{float(word):.2g}"
    except ValueError:
        return word


@pytest.mark.parametrize("frame", PS7.every_frame, ids=lambda frame: frame.name)
@pytest.mark.parametrize("item", NAMES)
def test_where_all_is_right_both_are_the_same(item, frame, plain):
    for expected, yours in run(plain, frames.submission(PS7, "solution", frame), item):
        assert expected == yours


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.slug)
def test_every_mistake_is_seen(mistake, plain):
    item = RUBRIC.item(mistake.description.item)
    assert shows(run(plain, mistake.notebook, item.name)) == (mistake.slug not in UNSEEN)


def test_wrong_notebooks_are_shown_as_wrong(plain):
    unseen = []
    for case in corpus.cases(PS7.corpus / "wrong", PS7, RUBRIC):
        for item in {*NAMES} & {*case.expected.loses_marks}:
            if not shows(run(plain, case.notebook, item)):
                unseen.append(f"{case.name} {item}")
    assert set(unseen) <= UNSEEN.keys()


@pytest.mark.slow
def test_right_variants_are_shown_as_right(plain):
    wrong, shown = [], 0
    for case in corpus.cases(PS7.corpus / "correct", PS7, RUBRIC):
        for item in {*NAMES} & {*case.expected.full_marks}:
            shown += 1
            if differs(run(plain, case.notebook, item)):
                wrong.append(f"{case.name} {item}")
    assert set(wrong) <= UNUSUAL.keys()
    assert shown > 500
