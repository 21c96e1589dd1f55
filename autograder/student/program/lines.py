"""Finds where statements can start, without parsing: it scans for strings, brackets and continuations, line by line.

It is for text that is not Python yet (magics) or never will be (syntax errors), and takes linear time on any input.
"""

import re
from enum import IntEnum

_TOKEN = re.compile(r""" \#.* | \"{3} | '{3} | "(?:\\.?|[^"\\])*+"? | '(?:\\.?|[^'\\])*+'? | [()\[\]{}] """, re.VERBOSE)
_CONTINUES = re.compile(r"(else|elif|except|finally)\b|[)\]}#]")
_OPENS = re.compile(r"@|(def|class|async|import|from|for|while|if|with|try|return|del|assert|raise|print)\b")
_TARGETS = re.compile(r"[\w.,*\[\]'\": \t]+")


class Heed(IntEnum):
    """How much of the text around a line counts when it is asked whether a statement starts there."""

    ALL = 0
    STRINGS = 1
    """Brackets are ignored, because one may never have been closed."""
    NOTHING = 2
    """Strings are ignored, too."""


class LineScan:
    """Takes the lines of a cell one by one; `fresh` says whether the next line starts a logical line."""

    def __init__(self) -> None:
        self.quote = ""
        self.depth = 0
        self.continued = False

    @property
    def fresh(self) -> bool:
        return not self.quote and not self.depth and not self.continued

    def feed(self, line: str) -> None:
        position = 0
        while True:
            if self.quote:
                position = _after_quote(line, position, self.quote)
                if position < 0:
                    return
                self.quote = ""
            match = _TOKEN.search(line, position)
            if match is None:
                break
            token, position = match.group(), match.end()
            if token in ('"""', "'''"):
                self.quote = token
            elif token in "([{":
                self.depth += 1
            elif token in ")]}":
                self.depth = max(0, self.depth - 1)
        self.continued = line.endswith("\\")


def _after_quote(line: str, position: int, quote: str) -> int:
    """The position behind the closing quote, or -1; a backslash escapes the next character."""
    while position < len(line):
        if line[position] == "\\":
            position += 2
        elif line.startswith(quote, position):
            return position + 3
        else:
            position += 1
    return -1


def statement_starts(lines: list[str], heed: Heed) -> list[int]:
    """Indexes of the lines in column 0 that seem to start a top-level statement; the first is always 0."""
    scan = LineScan()
    starts = [0]
    decorated = False
    for index, line in enumerate(lines):
        believed = {Heed.ALL: scan.fresh, Heed.STRINGS: not scan.quote, Heed.NOTHING: True}[heed]
        scan.feed(line)
        if not believed or not line or line[0].isspace() or _CONTINUES.match(line):
            continue
        if index and not decorated and (heed is Heed.ALL or _looks_like_statement(line)):
            starts.append(index)
        decorated = line.startswith("@")
    return starts


def _looks_like_statement(line: str) -> bool:
    left, equals, right = line.partition("=")
    assigns = equals and not right.startswith("=") and _TARGETS.fullmatch(left)
    return bool(_OPENS.match(line) or (assigns and not line.rstrip().endswith(",")))
