"""A text without its markup, with every character in its place: rows stay rows, text that is struck out is removed."""

import html
import re
import string
from collections.abc import Callable

LONGEST = 20_000
"""How many characters of one text are looked at: a report is short, and a hostile text is not worth more time."""

_STRUCK = re.compile(r"~~[^~\n]{1,300}~~|<(s|del|strike)\b[^<>\n]{0,80}>[^<]{0,300}</\1>", re.IGNORECASE)
_MARKS = (
    (re.compile(r"</(?:tr|p|li|h[1-6]|div|table|ul|ol)>|<br\b[^<>\n]{0,20}>", re.IGNORECASE), "\n"),
    (re.compile(r"</t[dh]>|<tr\b[^<>\n]{0,80}>", re.IGNORECASE), "|"),
    (re.compile(r"</?[a-z][^<>\n]{0,200}>", re.IGNORECASE), ""),
)
_ENTITY = re.compile(r"&#?\w{2,8};")
_BEGIN = re.compile(r"\\begin\{\w{1,20}\*?\}(?:\{[^{}\n]{0,40}\})?")
_FRACTION = re.compile(r"\\[dt]?frac\{([\d.,]{1,9})\}\{([\d.,]{1,9})\}")
_COMMAND = re.compile(r"\\[A-Za-z]{1,20}\*?(?:\[[^\[\]\n]{0,20}\])?")
_MEANS = {r"\pm": "±", r"\approx": "≈", r"\sim": "~", r"\ge": "≥", r"\geq": "≥", r"\gt": ">", r"\times": "×"}
_WIDE = {0xFF01 + place: 0x21 + place for place in range(94) if place != 0x0B} | dict.fromkeys(
    (0x3000, 0xA0, 0x202F, 0x2009), " "
)
_ARROW = re.compile(r"[-=~–—]{1,9}>{1,9}|>{2,9}|[→⇒➜➡⟶]")
_PLUS_MINUS = re.compile(r"\+/?-")
_LISTED = re.compile(r"(\.\d{1,17}),(?=\d{0,2}\.\d)")
"""Replaces a comma: between two figures a comma without a space looks like a decimal comma."""
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_QUIET = dict.fromkeys(map(ord, "*`$\\{}"), " ")


def plain(text: str) -> str:
    """The text in the same length, up to LONGEST characters; rows end with a line break, cells of HTML and LaTeX with a
    bar."""
    text = _between(_between(text[:LONGEST], "<!--", "-->", _blank), "<style", "</style>", _blank)
    text = _STRUCK.sub(lambda match: _blank(match[0]), text)
    text = _between(text, "<table", "</table>", lambda table: table.replace("\n", " "))
    for found, mark in _MARKS:
        text = found.sub(lambda match, mark=mark: mark.ljust(len(match[0])), text)  # type: ignore[misc]
    text = _ENTITY.sub(lambda match: html.unescape(match[0])[:1].ljust(len(match[0])), text)
    text = _between(text, "\\begin{", "\\end{", _rows)
    text = _FRACTION.sub(lambda match: f"{match[1]}/{match[2]}".ljust(len(match[0])), text)
    text = _COMMAND.sub(lambda match: _MEANS.get(match[0], "").ljust(len(match[0])), text)
    text = _PLUS_MINUS.sub(lambda match: "±".ljust(len(match[0])), text)
    text = _LISTED.sub(r"\1，", text.translate(_WIDE).translate(_QUIET))
    return _ARROW.sub(lambda match: " " * len(match[0]), text)


def _between(text: str, begin: str, end: str, change: Callable[[str], str]) -> str:
    """Changes the text between these two marks, in linear time: a text without an end mark is not searched again."""
    done, kept = 0, []
    lowered = text.translate(_LOWER)
    while (start := lowered.find(begin, done)) >= 0 and (stop := lowered.find(end, start)) >= 0:
        kept += [text[done:start], change(text[start : stop + len(end)])]
        done = stop + len(end)
    return "".join([*kept, text[done:]])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _rows(text: str) -> str:
    text = _BEGIN.sub(lambda match: " " * len(match[0]), text)
    return text.replace("\n", " ").replace("\\\\", "\n ").replace("\\&", "  ").replace("&", "|")
