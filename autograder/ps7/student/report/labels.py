"""Finds which label a text mentions: Method I, II or III of the autoencoder, or the linear probe on CLIP's image
encoder."""

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from autograder.ps7.student.report.words import Word

METHODS = ("method_1", "method_2", "method_3")
CLIP = "clip"

_NUMERALS = {
    numeral: METHODS[number]
    for number, numerals in enumerate(
        (
            "i 1 one ⅰ 一 eins un uno first erste erster premier première primer primera",
            "ii 2 two ⅱ 二 zwei deux dos second zweite zweiter deuxième segundo segunda",
            "iii 3 three ⅲ 三 drei trois tres third dritte dritter troisième tercer tercera",
        )
    )
    for numeral in numerals.split()
}
_NUMERAL = f"(?:{'|'.join(sorted(_NUMERALS, key=len, reverse=True))})"
_AND = r"[ ]?(?:,|/|&|and|und|et|y|、|和|, and)[ ]?"
_METHOD = re.compile(
    r"(?<![A-Za-z])(?:(?:method|methode|méthode|método|metodo)(?:n|s|en)?|方法|m(?=[ ]?[123](?!\d)))[ _#:*\-]{0,3}"
    rf"(?P<list>{_NUMERAL}(?:{_AND}{_NUMERAL}){{0,2}}(?:[ ]?(?:-|–|to|through|bis|à|至)[ ]?{_NUMERAL})?)"
    r"(?![a-zà-ÿ]|[.,]?\d)"
    r"|(?<![\w])(?P<first>first|second|third|erste|zweite|dritte)r?[ ](?:method|methode)\b"
    r"|第(?P<cn>[一二三123])种?(?:方法|个方法)"
    r"|(?P<rank>première|deuxième|troisième)[ ]méthode|(?P<rango>primer|segundo|tercer)[ ]método",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"(?<![A-Za-z])(?:acc|accuracy|approach|experiment|exp|setup|setting|variant|case|model|encoder|cls|ansatz|variante|"
    rf"experimento|expérience|实验|模型)[ _#]{{0,2}}(?P<named>{_NUMERAL})(?![a-zà-ÿ]|[.,]?\d)"
    r"|(?<![\w.])(?P<roman>III|II|I|Ⅲ|Ⅱ|Ⅰ)(?![\w.'’])"
    r"|^[ \t]*(?:[|*+\-•][ \t]*)?[_(]{0,2}(?P<row>[123])[_)]{0,2}[ \t]*(?=[|:=)(]|-[ ]|\.[ ]|[-=~]+>|→)"
    r"|(?<![A-Za-z])(?P<nth>first|second|third|erste[rn]?|zweite[rn]?|dritte[rn]?|première|deuxième|troisième|primero|segundo|tercero)(?![A-Za-z])",
    re.MULTILINE | re.IGNORECASE,
)
_HEADS = re.compile(r"III?\b|I[ \t]*[|:=)]")
"""Numerals that count as methods beside "Method I", too."""
_CLIP = re.compile(
    r"(?<![\w.])(?:7\.2(?:\.\d)?(?![\d%]|[ ]?%)|method[ _]?(?:iv|4)(?![a-z\d])|方法[四4])", re.IGNORECASE
)
_TRAITS = frozenset({"clip", "probe", "autoencoder", "pretrained", "labelled", "random", "frozen"})
_DIVIDES = re.compile(
    r"[,;:|()/\n、，；：]|[.](?!\d)|。|(?<![A-Za-z])(?:and|und|et|y|or|but|while|than|als|vs)(?![A-Za-z])|和|而|比",
    re.IGNORECASE,
)


class Label(msgspec.Struct, frozen=True):
    """One mention."""

    start: int
    end: int
    name: str
    """A member of METHODS, or CLIP."""
    weight: int
    """4 for a method by its name and number, 3 for a number only, 2 for CLIP's name, 1 for a description."""


def labels(text: str, known: Sequence[Word]) -> list[Label]:
    """The mentions in order, given the text's words."""
    described = list(_described(text, known))
    found = [label for match in _METHOD.finditer(text) for label in _members(match)]
    numbered = _numbered(text, described)
    numbered = [each for each in numbered if not found or _HEADS.match(text, each.start)]
    clip = [Label(match.start(), match.end(), CLIP, 2) for match in _CLIP.finditer(text)]
    taken = {place for label in found for place in range(label.start, label.end)}
    found += [label for label in (*numbered, *clip, *described) if label.start not in taken]
    return sorted(found, key=lambda label: label.start)


def _members(match: re.Match[str]) -> Iterator[Label]:
    """The methods of "Methods I, II and III" and of "Methods I-III", each at the place of its numeral."""
    name = next((name for name in ("first", "cn", "rank", "rango") if match[name]), "list")
    places = [
        (found.start(), _NUMERALS[found[0].lower()]) for found in re.finditer(_NUMERAL, match[name], re.IGNORECASE)
    ]
    if len(places) == 2 and re.search(r"[-–]|to|through|bis|à|至", match[name]):
        first, last = (METHODS.index(each) for _, each in places)
        places = [(places[0][0] + number, METHODS[number]) for number in range(first, last + 1)]
    for number, (start, each) in enumerate(places):
        yield Label(match.start(name) + start if number else match.start(), match.end(), each, 4)


def _numbered(text: str, described: list[Label]) -> list[Label]:
    """Bare numerals, in the manner of writing that has the second method among them: a lone "I" is the writer. Nothing
    where they only count lines whose descriptions say otherwise."""
    for manner in ("named", "roman", "row", "nth"):
        found = []
        for match in _WEAK.finditer(text):
            if match[manner] and (manner != "roman" or match[manner].isupper()):
                numeral = match[manner].lower()
                name = _NUMERALS.get(numeral) or _NUMERALS.get(numeral[:-1])
                found += [Label(match.start(manner), match.end(manner), name, 3)] if name else []
        if {METHODS[1]} < {label.name for label in found} and not _contradicted(text, found, described):
            return found
    return []


def _contradicted(text: str, numbered: list[Label], described: list[Label]) -> bool:
    """Whether a line's number and its description name two different methods."""
    starts = [label.start for label in described]
    for label in numbered:
        place = bisect(starts, label.start)
        if (
            place < len(described)
            and described[place].name not in (label.name, CLIP)
            and "\n" not in text[label.end : described[place].start]
        ):
            return True
    return False


def _described(text: str, known: Sequence[Word]) -> Iterator[Label]:
    """CLIP by its name, and the label that several traits of an encoder give if they stand together with nothing in
    between."""
    numbers = _numbers(text, known)
    for _, group in groupby(numbers, key=lambda pair: pair[0]):
        together = [word for _, word in group]
        kinds = {kind for word in together for kind in word.kinds & _TRAITS}
        start, end = together[0].start, together[-1].end
        if "clip" in kinds or kinds in ({"probe"}, {"probe", "frozen"}, {"probe", "pretrained"}):
            yield Label(start, end, CLIP, 2 if "clip" in kinds else 1)
        elif "random" in kinds and not ("labelled" in kinds and "frozen" not in kinds):
            yield Label(start, end, METHODS[2], 1)
        elif kinds & {"pretrained", "autoencoder"}:
            yield Label(start, end, METHODS[0], 1)
        elif "labelled" in kinds:
            yield Label(start, end, METHODS[1], 1)


def _numbers(text: str, known: Sequence[Word]) -> list[tuple[int, Word]]:
    """Every word with the number of its group: a new group begins where a divider or a number lies in between."""
    group, last, numbered = 0, 0, []
    for word in known:
        if word.kinds.isdisjoint(_TRAITS):
            continue
        if _DIVIDES.search(text, last, word.start):
            group += 1
        numbered.append((group, word))
        last = word.end
    return numbered
