"""Changes in the text of code that do not depend on its layout.

An edit names code to be replaced. The code is found by its tokens: spaces, line breaks, the kind of quotes, a last
comma, and comments that the edit does not name do not matter, so that the reference may be formatted anew. The new code
is indented like the code that it replaces. An edit that ends with a line break replaces whole lines.
"""

import re
from collections.abc import Iterator

import msgspec

_TOKEN = re.compile(
    r"""\s+|(?P<comment>\#[^\n]*)|(?P<text>\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\w+|.""",
    re.DOTALL,
)


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One replacement."""

    old: str
    new: str


class Token(msgspec.Struct, frozen=True):
    """A word, a literal text or a single sign, and its place."""

    word: str
    start: int
    end: int


def tokens(source: str) -> list[Token]:
    """The tokens of any piece of Python, whole or not."""
    found = []
    for match in _TOKEN.finditer(source):
        if not match[0].isspace():
            word = re.sub(r"""^'([^'"\\]*)'$""", r'"\1"', match[0]) if match["text"] else match[0]
            found.append(Token(word, *match.span()))
    return found


def places(source: str, old: str) -> Iterator[tuple[int, int]]:
    """The place of the code: its first character, and the one after its last."""
    there, wanted = tokens(source), tokens(old)
    for first in range(len(there)) if wanted else ():
        if there[first].word == wanted[0].word and (end := _matched(there, first, wanted)):
            yield there[first].start, end


def _matched(there: list[Token], first: int, wanted: list[Token]) -> int:
    """The end of the last wanted token, 0 where other tokens stand there. A comma before a bracket may be missing."""
    place, end = first, 0
    for number, token in enumerate(wanted):
        while place < len(there) and there[place].word != token.word and _is_layout(there, place):
            place += 1
        if place < len(there) and there[place].word == token.word:
            end, place = there[place].end, place + 1
        elif not _is_layout(wanted, number) or token.word != ",":
            return 0
    return end


def _is_layout(among: list[Token], place: int) -> bool:
    """Whether it is a comment, or a comma before a bracket or at the end."""
    following = among[place + 1].word if place + 1 < len(among) else ")"
    return among[place].word.startswith("#") or (among[place].word == "," and following in (")", "]", "}"))


def edited(source: str, edit: Edit) -> str:
    """The text with the code replaced, which has to occur exactly once. Raises ValueError where it does not."""
    found = [*places(source, edit.old)]
    if len(found) != 1:
        raise ValueError(f"{edit.old!r} stands there {len(found)} times, not once")
    [(start, end)] = found
    line = source.rfind("\n", 0, start) + 1
    new = _indented(edit.new, _indentation(source[line:]) - _indentation(edit.old))
    if edit.old.endswith("\n"):
        start, end = line, source.find("\n", end) + 1 or len(source)
        new = new if source[end - 1] == "\n" else new.rstrip("\n")
    else:
        new = new.lstrip(" ")
    return source[:start] + new + source[end:]


def _indentation(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _indented(text: str, by: int) -> str:
    """Every line moved to the right, or to the left."""
    lines = text.splitlines(keepends=True)
    return "".join(" " * max(0, _indentation(line) + by) + line.lstrip(" ") if line.strip() else line for line in lines)
