"""Makes reports as students write them, together with the right reading: labels x figures x layouts x languages x
noise."""

import msgspec

from tests.ps7.report.authors import NAMES, NUMBERED, TESTED, Author
from tests.ps7.report.layouts import LISTED, PROSE, in_lines

Cells = list[str | tuple[str, str]]


class Made(msgspec.Struct, frozen=True):
    """A notebook's text and outputs, and the reading of a person, in percent."""

    cells: Cells
    read: dict[str, float]
    about: str
    """How it was made, for a person who looks at a misread report."""


def runs(author: Author, line: str = "Accuracy on the test set: {}") -> Cells:
    """The four runs with their outputs, as the given notebook has them."""
    cells: Cells = []
    for number, name in enumerate(NAMES[:3], start=1):
        cells += [
            ("#", f"**Method {'I' * number}**"),
            f"cls_{number}, t = train_classifier(enc_{number}, cls_{number}, train_loader, supervised=False)",
            (f"test(enc_{number}, cls_{number}, test_loader)", line.format(author.exact[name])),
        ]
    probe = "cls, t = train_classifier(model.image_encoder, nn.Linear(2048, 10), train_loader)"
    return [
        *cells,
        ("#", "## CLIP"),
        (f"{probe}\ntest(model.image_encoder, cls, test_loader)", line.format(author.exact["clip"])),
    ]


def right(seed: int) -> Made:
    """A complete report."""
    author = Author(seed)
    prose = author.random.random() < 0.35
    layout = author.random.choice(PROSE if prose else LISTED)
    texts, read = author.all_figures(prose=prose)
    text = author.noisy(layout(author, author.labels(), texts))
    heading = author.heading()
    cells: Cells = [("#", f"{heading}\n\n{text}")] if author.random.random() < 0.6 else [("#", heading), ("#", text)]
    if author.random.random() < 0.2:
        cells = [("#", f"## Task\n\n{author.language.targets}"), *cells]
    return Made(cells=[*runs(author), *cells], read=read, about=f"{seed}: {layout.__name__}, {author.style}")


def blank(seed: int) -> Made:
    """A report without any text of the student's own."""
    author = Author(seed)
    labels, pick = author.labels(), author.random
    blanks = {
        "placeholders": lambda: in_lines(
            author, labels, [pick.choice(("___ %", "...", "TODO", "?? %", "XX %", "[ ]", ""))] * 4
        ),
        "targets": lambda: author.language.targets,
        "noise": lambda: "\n\n".join(author.language.noise),
        "training": lambda: "\n".join(
            f"- {label}, {author.language.train}: {author.figure(name, author.trained[name])[0]}"
            for name, label in zip(NAMES, labels, strict=True)
        ),
        "copied": lambda: (
            "- Method I: about 30 %\n- Method II: above 40 %\n- Method III: the worst\n- CLIP: 75 % or more"
        ),
        "table": lambda: "\n".join(
            ["| method | epochs | accuracy |", "|---|---|---|", *(f"| {label} | 100 | |" for label in labels)]
        ),
        "struck out": lambda: "\n".join(
            f"- {label}: ~~{text}~~" for label, text in zip(labels, author.all_figures()[0], strict=True)
        ),
    }
    kind = pick.choice(list(blanks))
    cells: Cells = [("#", f"{author.heading()}\n\n{blanks[kind]()}")]
    if pick.random() < 0.3:
        cells = [
            (
                "#",
                "# Introduction\n\nA linear classifier on CLIP should come out at 75% or so now, where the autoencoder had 44%.",
            ),
            *cells,
        ]
    return Made(cells=[*runs(author), *cells], read={}, about=f"{seed}: blank, {kind}")


def wrong(seed: int) -> Made:
    """A report with one figure that no run printed, or with two figures exchanged."""
    author = Author(seed)
    measured = runs(author)
    one, other = author.random.sample(NAMES[:3], 2)
    if author.random.random() < 0.5:
        author.exact[one], author.exact[other] = author.exact[other], author.exact[one]
    else:
        author.exact[one] = min(0.99, author.exact[one] + author.random.choice((-0.03, 0.02, 0.04)))
    layout = author.random.choice(LISTED + PROSE)
    texts, read = author.all_figures(prose=layout in PROSE)
    text = layout(author, author.labels(), texts)
    return Made(
        cells=[*measured, ("#", f"{author.heading()}\n\n{text}")],
        read=read,
        about=f"{seed}: wrong, {layout.__name__}, {author.style}",
    )


def _logged(author: Author, name: str) -> str:
    """What a training loop prints."""
    form = author.random.choice(
        (
            "Epoch {0}, loss {1:.3f}, train accuracy {2}",
            "epoch {0}: loss={1:.4f} train_acc={2:.3f}",
            "[{0}/100] loss: {1:.3f} acc: {2:.2%}",
            "{0:3d}%|████      | {0}/100 [00:10<00:30,  3.2it/s, loss={1:.3f}]",
            "Epoch {0} - loss: {1:.3f} - val_acc: {2:.3f}",
        )
    )
    return "\n".join(
        form.format(epoch, 2.3 - epoch / 50, author.trained[name] * epoch / 90) for epoch in range(0, 100, 10)
    )


TESTS = (
    "Accuracy on the test set: {0:.4f}",
    "Test accuracy {0}",
    "Test accuracy: {1:.2f}%",
    "Test accuracy -> {0:.3f}",
    "test acc = {0:.3f}",
    "accuracy: {1:.1f} %",
    "{0}",
    "tensor({0:.4f})",
    "tensor({0:.4f}, device='cuda:0', dtype=torch.float64)",
    "Accuracy of the network on the 8000 test images: {1:.2f} %",
    "Accuracy: {2}/8000 ({1:.2f}%)",
    "test loss: 1.934, test accuracy: {0:.4f}",
    "loss 1.93, test acc {0:.3f}",
    "Correct: {2} / 8000 = {0:.4f}",
    "np.float64({0})",
    "(1.934, {0:.4f})",
    "{{'loss': 1.934, 'accuracy': {0:.4f}}}",
    "Train accuracy: {3:.3f}\nTest accuracy: {0:.3f}",
    "Test accuracy: {0:.3f}\nTrain accuracy: {3:.3f}",
    "准确率: {1:.2f}%",
    "Testgenauigkeit: {1:.1f} %",
    "acc {1:.2f}",
)
OURS, COURSE, LABELLED, TOGETHER = "ours", "course", "labelled", "together"


def outputs(seed: int) -> Made:
    """A notebook whose runs print their accuracies in one of many styles, and these accuracies."""
    author = Author(seed)
    author.exact = {name: round(value, 3) for name, value in author.exact.items()}
    pick = author.random
    form, manner = pick.choice(TESTS), pick.choice((OURS, COURSE, LABELLED, TOGETHER))
    if manner in (LABELLED, TOGETHER) and "\n" in form:
        form = TESTS[0]
    said = {
        name: form.format(value, 100 * value, round(value * TESTED), author.trained[name])
        for name, value in author.exact.items()
    }
    labels = pick.choice(NUMBERED)
    cells: Cells = []
    if manner == TOGETHER:
        lines = [f"{label}: {said[name]}" for label, name in zip((*labels, "CLIP"), NAMES, strict=True)]
        cells = [("for name, encoder, cls in trained:\n    print(name, test(encoder, cls, loader))", "\n".join(lines))]
    else:
        for number, name in enumerate(NAMES):
            heading = f"Method {'I' * (number + 1)}" if number < 3 else "CLIP"
            encoder = f"enc_{number}" if number < 3 else "model.image_encoder"
            comment = f"# {heading}: a comment\n" if manner == COURSE and number < 3 else ""
            train = f"{comment}cls, t = train_classifier({encoder}, cls, dataloader_tr, epochs=100)"
            test = f"test({encoder}, cls, dataloader_te)"
            shown = f"{heading}: {said[name]}" if manner == LABELLED else said[name]
            if manner == OURS:
                cells.append(("#", f"### {heading}"))
            if pick.random() < 0.5:
                cells += [(train, _logged(author, name)), (test, shown)]
            else:
                cells.append((f"{train}\n{test}", f"{_logged(author, name)}\n{shown}"))
    text = "\n".join(
        f"- {label}: {value:.1%}"
        for label, value in zip(("Method I", "Method II", "Method III", "CLIP"), author.exact.values(), strict=True)
    )
    read = {name: 100 * value for name, value in author.exact.items()}
    return Made(cells=[*cells, ("#", f"## Report\n\n{text}")], read=read, about=f"{seed}: {manner}, {form!r}")
