"""Ways to lay out a report: each takes an author, four labels and four figures, and gives a text."""

from collections.abc import Callable

from tests.ps7.report.authors import NAMES, Author
from tests.ps7.report.languages import LANGUAGES


def in_lines(author: Author, labels: list[str], texts: list[str]) -> str:
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


def _detailed(author: Author, labels: list[str], texts: list[str]) -> str:
    """Lines with what may stand beside a figure: a description, what was asked for, an older figure, a difference."""
    pick, language = author.random, author.language
    described, asked, older, difference = (pick.random() < 0.35 for _ in range(4))
    behind, mark = pick.random() < 0.5, pick.choice((": ", " = ", " -> ", " – ", " | "))
    lines = []
    for number, (name, label, text) in enumerate(zip(NAMES, labels, texts, strict=True)):
        old = f"~~{author.figure(name, min(0.99, author.exact[name] + 0.03))[0]}~~ " if older else ""
        target = f" {language.asked[number]}" if asked else ""
        more = f" (+{pick.randint(1, 40)}.{pick.randint(0, 9)})" if difference else ""
        aside = f" {language.asides[number]}" if described else ""
        lines.append(f"- {label}{aside}{'' if behind else target}{mark}{old}{text}{target if behind else ''}{more}")
    return "\n".join(lines[:: pick.choice((1, 1, -1))])


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
    in_lines,
    in_lines,
    in_lines,
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
    _detailed,
    _detailed,
)
PROSE: tuple[Layout, ...] = (_before, _after, _respectively)
