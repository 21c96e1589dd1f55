"""Results arranged by item, as every report shows them."""

import math

import msgspec

from autograder.student.grading.demonstrations import CELL
from autograder.student.output.results import DETAILS, PLACE, TITLE, UNCHECKED, UNREADABLE, Results, Test


class Group(msgspec.Struct, frozen=True):
    """One item: first what is wrong with it, then what is right."""

    item: str
    """Its name on the command line."""
    title: str
    """Its title, for people."""
    number: str
    """The number of the problem, such as "7.1.1"."""
    place: str
    """The notebook's cell that it is about, such as "code cell 7"; "" where there is no single cell."""
    wrong: tuple[Test, ...]
    notes: tuple[Test, ...]
    """Tests without points: remarks that have no effect on the points."""
    right: tuple[Test, ...]
    cell: Test | None
    """The cell for the student's own notebook, where it shows the mistake."""

    @property
    def score(self) -> float:
        """Points reached."""
        return round(math.fsum(test.score for test in (*self.wrong, *self.right)), 6)

    @property
    def max_score(self) -> float:
        """The most points that it can have."""
        return round(math.fsum(test.max_score for test in (*self.wrong, *self.right)), 6)


def grouped(results: Results) -> list[Group]:
    """The groups in the order of the tests; for a submission that cannot be read, only that."""
    tests: dict[str, list[Test]] = {}
    for test in results.tests[:1] if UNREADABLE in results.extra_data and not results.score else results.tests:
        tests.setdefault(str(test.extra_data.get("item", "")), []).append(test)
    return [
        Group(
            item=item,
            title=str(own[0].extra_data.get(TITLE, item)),
            number=own[0].number.rpartition(".")[0],
            place=next((str(test.extra_data[PLACE]) for test in own if PLACE in test.extra_data), ""),
            wrong=tuple(test for test in own if test.status == "failed"),
            notes=tuple(test for test in own if _is_note(test)),
            right=tuple(test for test in own if test.status == "passed" and not _is_note(test) and not _is_cell(test)),
            cell=next((test for test in own if _is_cell(test)), None),
        )
        for item, own in tests.items()
    ]


def _is_cell(test: Test) -> bool:
    return bool(test.extra_data.get("check") == CELL)


def _is_note(test: Test) -> bool:
    """Passing checks of an item without points have nothing to say."""
    return test.status == "passed" and not test.max_score and bool(test.output) and not _is_cell(test)


def brief(test: Test) -> str:
    """The part that is read first: the output without its details."""
    return test.output.removesuffix(details(test)).rstrip()


def details(test: Test) -> str:
    """The end of the output, which a page may fold; "" where there is none."""
    end = test.extra_data.get(DETAILS, "")
    return end if isinstance(end, str) and test.output.endswith(end) else ""


def is_unchecked(test: Test) -> bool:
    """Whether the grader itself failed there, so that the answer is neither right nor wrong."""
    return bool(test.extra_data.get(UNCHECKED))


SEEN = {
    "visible": "",
    "after_due_date": "hidden until the due date",
    "after_published": "hidden until grades are published",
    "hidden": "only for the course staff",
}


def seen(test: Test) -> str:
    """Who cannot see it yet; "" where everybody can."""
    return SEEN[test.visibility]
