"""Binds figures to what they are said of: one text in, a statement for each label out."""

import re
from collections.abc import Iterator

import msgspec

from autograder.ps7.student.report.figures import Figure, figures
from autograder.ps7.student.report.labels import labels
from autograder.ps7.student.report.tables import without_other_figures

LONGEST_TEXT = 20_000
"""Characters of one cell that are looked at: a report is short, and a hostile one is not worth more time."""
_BLANK = re.compile(r"_{2,}|\.{3}|…|\bx{2,}\b|\?{2,}|\btodo\b|\btbd\b|\[\s*\]|<[^<>\n]{0,20}>|=[ ]*%", re.IGNORECASE)
_END = re.compile(r"\n|[.!?;][ \n]+(?=[^a-z\W])")
_TEST = re.compile(r"\btest\w*[^\n]{0,30}$", re.IGNORECASE)
_TRAIN = re.compile(r"\btrain(?:ing)?\b[^\n]{0,20}$", re.IGNORECASE)


class Said(msgspec.Struct, frozen=True):
    """What a text says of one label: a figure, or None for a blank that was not filled in."""

    figure: Figure | None
    certain: bool


class _Token(msgspec.Struct, frozen=True):
    start: int
    end: int
    label: str = ""
    said: Said | None = None


def statements(text: str) -> dict[str, Said]:
    """Label to what the text says of it, the first thing where it says several.

    In each sentence or line, labels and figures are read as runs: "Method I: 32 %", "32 % with Method I and 43 % with
    Method II", "Methods I, II and III reached 32, 43 and 25 %", and a table with the labels in its first row are all n
    labels beside n figures.
    """
    text = re.sub(r"</?\w[^<>\n]{0,80}>|[*`$\\]", lambda match: " " * len(match[0]), text[:LONGEST_TEXT])
    text = without_other_figures(text)
    found: dict[str, Said] = {}
    for sentence in _sentences(_tokens(text), text):
        runs = _runs(sentence)
        if runs[0][0].said and runs[-1][0].label:
            pairs = zip(runs[1::2], runs[0::2], strict=False)
        else:
            from_label = 1 if runs[0][0].said else 0
            pairs = zip(runs[from_label::2], runs[from_label + 1 :: 2], strict=False)
        for names, values in pairs:
            for name, said in _bind([token.label for token in names], values, text):
                earlier = found.get(name)
                if earlier is None or (said.certain and not earlier.certain):
                    found[name] = said
    return found


def _sentences(tokens: list[_Token], text: str) -> Iterator[list[_Token]]:
    """The tokens of one sentence or line; labels without a figure go together with what follows."""
    group: list[_Token] = []
    complete = False
    for token in tokens:
        if complete and _END.search(text, group[-1].end, token.start):
            yield group
            group, complete = [], False
        group.append(token)
        complete = complete or token.said is not None
    if group:
        yield group


def _tokens(text: str) -> list[_Token]:
    mentioned = labels(text)
    taken = {place for label in mentioned for place in range(label.start, label.end)}
    tokens = [_Token(label.start, label.end, label=label.name) for label in mentioned]
    tokens += [
        _Token(found.start, found.end, said=Said(found.figure, found.certain))
        for found in figures(text)
        if found.start not in taken
    ]
    tokens += [_Token(match.start(), match.end(), said=Said(None, True)) for match in _BLANK.finditer(text)]
    return sorted(tokens, key=lambda token: token.start)


def _runs(tokens: list[_Token]) -> list[list[_Token]]:
    """Labels and figures in turn; of one label that is mentioned several times in a row the first mention counts."""
    runs: list[list[_Token]] = []
    names: set[str] = set()
    for token in tokens:
        if not runs or bool(runs[-1][0].label) != bool(token.label):
            runs.append([])
            names = set()
        if not token.label or token.label not in names:
            runs[-1].append(token)
            names.add(token.label)
    return runs


def _bind(names: list[str], values: list[_Token], text: str) -> list[tuple[str, Said]]:
    """n names and n or more values go together in order; else the last name has the value that suits it best."""
    said = [token.said for token in values if token.said]
    certain = [each for each in said if each.certain]
    if len(names) > 1 and len(certain or said) >= len(names):
        return list(zip(names, certain or said, strict=False))
    tested = [
        token.said for token in values if token.said and _TEST.search(text[max(0, token.start - 50) : token.start])
    ]
    trained = [
        token.said for token in values if token.said and _TRAIN.search(text[max(0, token.start - 50) : token.start])
    ]
    rest = [each for each in certain or said if each not in trained]
    best = (tested or rest or said)[0]
    return [(names[-1], best)]
