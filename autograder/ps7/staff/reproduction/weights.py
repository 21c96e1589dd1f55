"""Weights that came with a notebook, and the accuracies that they reach on the test images."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from autograder.guest.outcomes import Fault, Reply
from autograder.ps7.staff.datasets import exhibits
from autograder.ps7.staff.reproduction.measuring import METHODS, Stopped, Training, accuracy, ask, session_of
from autograder.ps7.staff.reproduction.proportions import interval, percent, with_interval
from autograder.ps7.student.report.evidence import read_evidence
from autograder.ps7.student.report.expectations import expectations
from autograder.student.grading.messages import quote
from autograder.student.submission.notebook import Notebook

PROBES = "autograder.ps7.guest.probes.weights"
MOST_PAIRS = 9
HEAD = "| encoder weights | linear layer | accuracy (interval) | reported figure in that interval |\n|---|---|---|---|"


class Recomputed(msgspec.Struct, frozen=True):
    """One accuracy."""

    encoder: str
    """The file with its weights."""
    classifier: str
    """The file with the linear layer's weights; "" where a linear layer was trained for it."""
    accuracy: float


def recompute(training: Training, files: Sequence[Path]) -> list[Recomputed]:
    """The test accuracies of every encoder in the files with every linear layer in them; where there is no linear
    layer, with one that is trained now. Raises Stopped, SandboxError and DatasetError."""
    with exhibits.images(training.dataset) as shown:
        names = [exhibits.add(shown, path, number) for number, path in enumerate(files)]
        given = {name: path.name for name, path in zip(names, files, strict=True)}
        labels = training.dataset.labels("test")[shown.order]
        with session_of(training, PROBES, shown) as session:
            facts = ask(session, "read", folder=shown.folder, files=names)
            encoders, classifiers = (_known(facts, part, names) for part in ("encoders", "classifiers"))
            found = []
            for encoder, classifier in [(e, c) for e in encoders for c in classifiers or [""]][:MOST_PAIRS]:
                training.say(f"testing {given[encoder]}")
                reply = ask(
                    session,
                    "classify",
                    folder=shown.folder,
                    encoder=encoder,
                    classifier=classifier,
                    seed=training.seed,
                    epochs=training.budget.linear,
                )
                found.append(Recomputed(given[encoder], given.get(classifier, ""), accuracy(reply, labels)))
            return found


def compared(found: Sequence[Recomputed], notebook: Notebook, tested: int) -> tuple[str, str]:
    """The accuracies beside the notebook's reported ones, as markdown, and why a person should look at them; both ""
    where there are none. Linear layers trained here need not agree, because they had fewer epochs."""
    names = expectations().names
    reported = {name: each.figure for name, each in read_evidence(notebook).reported.items() if name in METHODS}
    rows, doubtful = [HEAD], []
    for each in found:
        low, high = interval(each.accuracy, tested)
        agreeing = [names[name] for name, figure in reported.items() if low <= figure.percent / 100 <= high]
        layer = _file(each.classifier) if each.classifier else "trained by the grader"
        cells = (_file(each.encoder), layer, with_interval(each.accuracy, tested), ", ".join(agreeing) or "none")
        rows.append(f"| {' | '.join(cells)} |")
        doubtful += [] if agreeing or not each.classifier else [percent(each.accuracy)]
    review = (
        f"the submitted weights reach {', '.join(doubtful)}, which the report does not mention." if doubtful else ""
    )
    return ("\n".join(rows) if found else ""), review


def _file(name: str) -> str:
    """Text for a cell of a table."""
    return quote(name.replace("|", "/"), 60)


def _known(reply: Reply, part: str, names: Sequence[str]) -> list[str]:
    """Clips the text: guests are not believed."""
    found = reply.facts.get(part)
    if not isinstance(found, list) or not {*map(str, found)} <= {*names}:
        raise Stopped(Fault(reason="the reply names other files than those handed in"))
    return [name for name in names if name in found]
