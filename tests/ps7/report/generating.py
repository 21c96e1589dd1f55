"""Makes reports as students write them, with what is to be read in them: labels x figures x layouts x languages x noise."""

import random
from collections.abc import Callable, Sequence

import msgspec

NAMES = ("method_1", "method_2", "method_3", "clip")
TESTED = 8000
Cells = list[str | tuple[str, str]]


class Made(msgspec.Struct, frozen=True):
    """A notebook's text and outputs, and what a person reads there, in percent."""

    cells: Cells
    read: dict[str, float]
    about: str
    """How it was made, for whoever looks at one that was misread."""


class Language(msgspec.Struct, frozen=True):
    """How one language says it."""

    methods: tuple[str, str, str]
    described: tuple[str, str, str]
    probe: tuple[str, ...]
    test: str
    train: str
    heading: str
    before: str
    """One label, then its figure."""
    after: str
    join: str
    last: str
    respectively: str
    noise: tuple[str, ...]
    targets: str
    comma: bool = False
    end: str = "."


LANGUAGES = {
    "en": Language(
        methods=("Method I", "Method II", "Method III"),
        described=("the pretrained encoder", "the encoder trained from scratch with labels", "the random encoder"),
        probe=("the CLIP probe", "the linear probe on CLIP's image encoder", "CLIP"),
        test="test accuracy",
        train="training accuracy",
        heading="Report",
        before="{0} reached {1}",
        after="{1} with {0}",
        join=", ",
        last=" and ",
        respectively="The {test} of {labels} is {figures}, respectively.",
        noise=(
            "We trained for 100 epochs with a learning rate of 0.001 and a batch size of 128.",
            "Chance would be 10 %.",
            "The autoencoder was trained on 10,000 unlabeled images of 64x64.",
            "CLIP was trained for 3 epochs with temperature 0.07.",
            "As expected, the random encoder is the worst.",
            "80 % of the pairs were used for training.",
            "The difference between the first two is 11.3 percentage points.",
            "Training took 35 minutes on one GPU.",
        ),
        targets="Method I should be at about 30 %, Method II above 40 %, and the probe on CLIP is expected to reach 75 % or more.",
    ),
    "de": Language(
        methods=("Methode I", "Methode II", "Methode III"),
        described=(
            "der vortrainierte Encoder",
            "der von Grund auf mit Labels trainierte Encoder",
            "der zufällige Encoder",
        ),
        probe=("CLIP", "der lineare Klassifikator auf CLIP"),
        test="Testgenauigkeit",
        train="Trainingsgenauigkeit",
        heading="Bericht",
        before="{0} erreicht {1}",
        after="{1} mit {0}",
        join=", ",
        last=" und ",
        respectively="Die {test} von {labels} beträgt {figures}.",
        noise=(
            "Wir haben 100 Epochen mit einer Lernrate von 0,001 trainiert.",
            "Wie erwartet ist der zufällige Encoder am schlechtesten.",
            "Der Unterschied beträgt 11,3 Prozentpunkte.",
        ),
        targets="Methode I sollte etwa 30 % erreichen, Methode II über 40 %, CLIP mindestens 75 %.",
        comma=True,
    ),
    "fr": Language(
        methods=("Méthode I", "Méthode II", "Méthode III"),
        described=("l'encodeur préentraîné", "l'encodeur entraîné à partir de zéro", "l'encodeur aléatoire"),
        probe=("CLIP", "le classifieur linéaire sur CLIP"),
        test="précision de test",
        train="précision d'entraînement",
        heading="Résultats",
        before="{0} atteint {1}",
        after="{1} avec {0}",
        join=", ",
        last=" et ",
        respectively="La {test} de {labels} est de {figures}.",
        noise=("Nous avons entraîné pendant 100 époques.", "Comme prévu, l'encodeur aléatoire est le moins bon."),
        targets="La méthode I devrait atteindre environ 30 %, la méthode II plus de 40 %, et CLIP au moins 75 %.",
        comma=True,
    ),
    "es": Language(
        methods=("Método I", "Método II", "Método III"),
        described=("el codificador preentrenado", "el codificador entrenado desde cero", "el codificador aleatorio"),
        probe=("CLIP", "el clasificador lineal sobre CLIP"),
        test="exactitud en test",
        train="exactitud de entrenamiento",
        heading="Resultados",
        before="{0} alcanza {1}",
        after="{1} con {0}",
        join=", ",
        last=" y ",
        respectively="La {test} de {labels} es de {figures}.",
        noise=("Entrenamos durante 100 épocas.", "Como se esperaba, el codificador aleatorio es el peor."),
        targets="El método I debería alcanzar alrededor de 30 %, el método II más de 40 % y CLIP al menos 75 %.",
        comma=True,
    ),
    "zh": Language(
        methods=("方法一", "方法二", "方法三"),
        described=("预训练的编码器", "从头训练的编码器", "随机编码器"),
        probe=("CLIP", "CLIP图像编码器"),
        test="测试准确率",
        train="训练准确率",
        heading="报告",
        before="{0}达到{1}",
        after="{0}为{1}",
        join="，",
        last="，",
        respectively="{labels}的{test}分别为{figures}。",
        noise=("我们训练了100轮，学习率为0.001。", "如预期，随机编码器最差。"),
        targets="方法一应该约为30%，方法二高于40%，CLIP要求至少75%。",
        end="。",
    ),
}
NUMBERED = (
    ("Method 1", "Method 2", "Method 3"),
    ("method 1", "method 2", "method 3"),
    ("Method I", "Method II", "Method III"),
    ("M1", "M2", "M3"),
    ("method_1", "method_2", "method_3"),
)
HEADINGS = (
    "# Report",
    "## Report",
    "### Results",
    "# Report results",
    "## Final report",
    "**Report**",
    "## Summary of results",
)


class Author:
    """One student, by a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        pick = self.random
        self.language = LANGUAGES[pick.choices(list(LANGUAGES), (8, 1, 1, 1, 1))[0]]
        first = pick.randint(2080, 3120)
        hits = (first, pick.randint(3280, 4700), pick.randint(1400, min(first - 30, 2250)), pick.randint(6040, 7600))
        self.exact = {name: hit / TESTED for name, hit in zip(NAMES, hits, strict=True)}
        self.trained = {name: min(1.0, value * pick.uniform(1.05, 1.3)) for name, value in self.exact.items()}
        self.style = pick.choice(
            (
                "percent",
                "percent",
                "whole",
                "two",
                "fraction",
                "exact",
                "leading",
                "comma",
                "counted",
                "latex",
                "deviation",
            )
        )

    def labels(self) -> list[str]:
        """Of the four figures, in one manner."""
        if self.random.random() < 0.2:
            methods: Sequence[str] = self.language.described
        elif self.language is LANGUAGES["en"]:
            methods = self.random.choice(NUMBERED)
        else:
            methods = self.language.methods
        return [*methods, self.random.choice(self.language.probe)]

    def figure(self, name: str, value: float | None = None, *, prose: bool = False) -> tuple[str, float]:
        """A figure as it is written, and what it says in percent."""
        value = self.exact[name] if value is None else value
        style = self.style
        if (style == "comma" and not self.language.comma) or (style in ("latex", "counted", "deviation") and prose):
            style = "percent"
        if style == "comma":
            text = f"{value:.1%}".replace(".", ",").replace("%", " %")
            return text, round(100 * value, 1)
        if style == "counted":
            hit = round(value * TESTED)
            return f"{hit}/{TESTED}", 100 * hit / TESTED
        decimals = {"percent": 1, "whole": 0, "two": 2, "latex": 1, "deviation": 1}.get(style)
        if decimals is not None:
            written = f"{100 * value:.{decimals}f}"
            space = self.random.choice(("", " "))
            shown = {"latex": rf"${written}\%$", "deviation": f"{written} ± 0.5 %"}.get(style, f"{written}{space}%")
            return shown, float(written)
        written = f"{value:.4f}" if style == "leading" else f"{value:.3f}" if style == "fraction" else str(value)
        return written.removeprefix("0") if style == "leading" and not prose else written, 100 * float(written)

    def all_figures(self, *, prose: bool = False) -> tuple[list[str], dict[str, float]]:
        """Of the four."""
        made = {name: self.figure(name, prose=prose) for name in NAMES}
        return [text for text, _ in made.values()], {name: value for name, (_, value) in made.items()}

    def heading(self) -> str:
        """Of the report."""
        return self.random.choice(HEADINGS) if self.language is LANGUAGES["en"] else f"## {self.language.heading}"

    def noisy(self, text: str) -> str:
        """With sentences around it that say nothing of the results."""
        before = self.random.sample(self.language.noise, self.random.choice((0, 0, 1)))
        if self.random.random() < 0.15:
            before.append(self.language.targets)
        after = self.random.sample(self.language.noise, self.random.choice((0, 0, 1)))
        return "\n\n".join([*before, text, *after])


def _lines(author: Author, labels: list[str], texts: list[str]) -> str:
    bullet = author.random.choice(("- ", "* ", "", "+ "))
    colon = author.random.choice((": ", " = ", " -> ", " => ", " >> ", ": **", " accuracy: ", " - ", " — "))
    end = "**" if colon.endswith("**") else ""
    gap = "\n" if bullet else author.random.choice(("\n\n", "  \n", "\n"))
    return gap.join(f"{bullet}{label}{colon}{text}{end}" for label, text in zip(labels, texts, strict=True))


def _one_line(author: Author, labels: list[str], texts: list[str]) -> str:
    return author.random.choice(("; ", ", ", " / ", " | ")).join(
        f"{label}: {text}" for label, text in zip(labels, texts, strict=True)
    )


def _rows(author: Author, labels: list[str], texts: list[str]) -> str:
    head = author.random.choice(("accuracy", author.language.test, "result"))
    rows = [f"| {label} | {text} |" for label, text in zip(labels, texts, strict=True)]
    return "\n".join([f"| | {head} |", "|---|:---:|", *rows])


def _wide_rows(author: Author, labels: list[str], texts: list[str]) -> str:
    trained = [author.figure(name, author.trained[name])[0] for name in NAMES]
    columns = [("epochs", ["100", "100", "100", "3"]), (author.language.train, trained), (author.language.test, texts)]
    if author.random.random() < 0.3:
        columns.insert(0, ("expected", ["~30%", ">40%", "worst", "75% or more"]))
    if author.random.random() < 0.3:
        columns.reverse()
    lines = [f"| method | {' | '.join(head for head, _ in columns)} |", "|" + "---|" * (len(columns) + 1)]
    lines += [f"| {label} | {' | '.join(values[row] for _, values in columns)} |" for row, label in enumerate(labels)]
    return "\n".join(lines)


def _columns(author: Author, labels: list[str], texts: list[str]) -> str:
    lines = [f"|  | {' | '.join(labels)} |", "|" + "---|" * 5]
    if author.random.random() < 0.5:
        trained = [author.figure(name, author.trained[name])[0] for name in NAMES]
        lines.append(f"| {author.language.train} | {' | '.join(trained)} |")
    lines.append(f"| {author.language.test} | {' | '.join(texts)} |")
    return "\n".join(lines)


def _html(author: Author, labels: list[str], texts: list[str]) -> str:
    gap = author.random.choice(("", "\n  "))
    rows = "".join(
        f"<tr>{gap}<td>{label}</td>{gap}<td><b>{text}</b></td>{gap}</tr>\n"
        for label, text in zip(labels, texts, strict=True)
    )
    return f"<table>\n<tr><th>method</th>{gap}<th>accuracy</th></tr>\n{rows}</table>"


def _latex(author: Author, labels: list[str], texts: list[str]) -> str:
    rows = " \\\\\n".join(
        rf"\text{{{label}}} & {text.strip('$').replace('%', chr(92) + '%').replace(chr(92) * 2, chr(92))}"
        for label, text in zip(labels, texts, strict=True)
    )
    return f"$$\n\\begin{{array}}{{lc}}\n{rows}\n\\end{{array}}\n$$"


def _aligned(author: Author, labels: list[str], texts: list[str]) -> str:
    rows = [f"    {label:<46}  {text}" for label, text in zip(["method", *labels], ["accuracy", *texts], strict=True)]
    return "\n".join(rows)


def _nested(author: Author, labels: list[str], texts: list[str]) -> str:
    blocks = []
    for name, label, text in zip(NAMES, labels, texts, strict=True):
        trained = author.figure(name, author.trained[name])[0]
        lines = [f"    - {author.language.train}: {trained}", f"    - {author.language.test}: {text}"]
        blocks.append("\n".join([f"- {label}", *(lines if author.random.random() < 0.8 else lines[::-1])]))
    return "\n".join(blocks)


def _headed(author: Author, labels: list[str], texts: list[str]) -> str:
    mark = author.random.choice(("#### {}", "**{}**", "{}:"))
    return "\n\n".join(f"{mark.format(label)}\n\n{text}" for label, text in zip(labels, texts, strict=True))


def _train_and_test(author: Author, labels: list[str], texts: list[str]) -> str:
    train, test = author.language.train, author.language.test
    form = author.random.choice(
        ("{0}: {1} {2}, {3} {4}", "{0}: {2} ({1}), {4} ({3})", "{0}: {4} {3} ({2} {1})", "{0}: {1} {2} / {3} {4}")
    )
    return "\n".join(
        "- " + form.format(label, train, author.figure(name, author.trained[name])[0], test, text)
        for name, label, text in zip(NAMES, labels, texts, strict=True)
    )


def _before(author: Author, labels: list[str], texts: list[str]) -> str:
    said = [author.language.before.format(label, text) for label, text in zip(labels, texts, strict=True)]
    return _sentence(author, said)


def _after(author: Author, labels: list[str], texts: list[str]) -> str:
    said = [author.language.after.format(label, text) for label, text in zip(labels, texts, strict=True)]
    opening = "We got " if author.language is LANGUAGES["en"] else ""
    return _sentence(author, said, opening)


def _sentence(author: Author, said: list[str], opening: str = "") -> str:
    language = author.language
    if author.random.random() < 0.5:
        return f"{opening}{language.join.join(said[:-1])}{language.last}{said[-1]}{language.end}"
    return f"{opening}{language.join.join(said[:2])}{language.last}{said[2]}{language.end} {said[3][0].upper()}{said[3][1:]}{language.end}"


def _respectively(author: Author, labels: list[str], texts: list[str]) -> str:
    language = author.language
    joined = [f"{language.join.join(each[:2])}{language.last}{each[2]}" for each in (labels, texts)]
    first = language.respectively.format(test=language.test, labels=joined[0], figures=joined[1])
    return f"{first}\n\n{language.before.format(labels[3], texts[3])}{language.end}"


Layout = Callable[[Author, list[str], list[str]], str]
LISTED: tuple[Layout, ...] = (
    _lines,
    _lines,
    _lines,
    _one_line,
    _rows,
    _wide_rows,
    _columns,
    _html,
    _latex,
    _aligned,
    _nested,
    _headed,
    _train_and_test,
)
PROSE: tuple[Layout, ...] = (_before, _after, _respectively)


def runs(author: Author, line: str = "Accuracy on the test set: {}") -> Cells:
    """The four runs with their outputs, as our frame has them."""
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
    """A report in which everything stands."""
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
    """A report in which nothing of one's own stands."""
    author = Author(seed)
    labels, pick = author.labels(), author.random
    blanks = {
        "placeholders": lambda: _lines(
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
    """A report with one figure that no run printed, or two exchanged."""
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
    """A notebook whose runs print their accuracies in one of many manners, and what they print."""
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
