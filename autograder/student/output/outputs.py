"""A notebook's saved outputs as parts of a page: pictures, tables, text, tracebacks. Nothing in them can run."""

import base64
import binascii
import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import nh3
from markupsafe import Markup

from autograder.student.output.beside import Beside
from autograder.student.submission.notebook import text_of

FIRST_LINES, LAST_LINES = 60, 40
"""How many lines of a long text are shown at its start and end; a training log's last lines hold its results."""
LONGEST_LINE = 4_000
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
STARTS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8", "image/webp": b"RIFF"}
_ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_LINKED = re.compile(r'<img(?![^>]*src="data:)[^>]*>')
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
_TABLE_TAG = re.compile(r"<table\b([^>]*>)")
_TAG = re.compile(r"<[^>]*>")
PAGE, LETTER = 500.0, 0.6
"""The width of a line in points, and the width of a letter relative to its size."""
LARGEST, SMALLEST = 9.0, 3.0
"""The largest and the smallest letters of a table, in points."""
WRAPS, MARGIN = 24, 3
"""How many letters a table's cell holds before it wraps, and how many its margins take."""
_ATTRIBUTES = {
    "*": {"class", "title", "align", "valign", "width", "height", "style", "colspan", "rowspan", "data-formula"},
    "img": {"src", "alt"},
    "ol": {"start"},
}
_STYLES = {"color", "background-color", "text-align", "font-weight", "font-style", "width", "height", "border"}


def rendered(raw_outputs: Any, beside: Beside | None = None) -> Iterator[Markup]:
    """The outputs of a cell in their order; text that was printed in pieces is one text."""
    for kind, content in _joined(raw_outputs if isinstance(raw_outputs, list) else ()):
        if kind == "text":
            yield text(content)
        elif kind == "error":
            yield text(content, kind="error")
        else:
            yield _richest(content, beside)


def text(content: str, *, kind: str = "text") -> Markup:
    """The text as a terminal would show it in the end; of a long text the middle is counted instead of shown."""
    lines = [_final(line)[:LONGEST_LINE] for line in printable(content).rstrip().split("\n")]
    if (surplus := len(lines) - FIRST_LINES - LAST_LINES) > 0:
        lines[FIRST_LINES : FIRST_LINES + surplus] = [f"[... {surplus:,} lines that are not printed ...]"]
    return Markup('<pre class="{}">{}</pre>').format(kind, "\n".join(lines)) if any(lines) else Markup("")


def printable(content: str) -> str:
    """The text without colours and other control sequences."""
    return _CONTROL.sub("", _ANSI.sub("", content))


def clean(source: str, beside: Beside | None = None) -> Markup:
    """HTML without anything that runs, loads or links; pictures that lie beside the notebook are put in."""
    cleaned = nh3.clean(
        source.replace("<details>", "<details open>"),
        attributes={name: set(values) for name, values in _ATTRIBUTES.items()},
        url_schemes={"data"},
        filter_style_properties=_STYLES,
        link_rel=None,
    )
    # Safe: ammonia has written every character.
    return Markup(_TABLE.sub(_fitted, _LINKED.sub(lambda found: str(_linked(found[0], beside)), cleaned)))


def _fitted(found: re.Match[str]) -> str:
    """A table that is too wide for the page gets smaller letters. It wraps where these would be too small to read, and
    where a word is longer than a cell may be."""
    rows = [[_TAG.sub("", cell).strip() for cell in re.split(r"</t[dh]>", row)[:-1]] for row in found[0].split("</tr>")]
    width = max((sum(min(len(cell), WRAPS) + MARGIN for cell in row) for row in rows), default=1)
    size = min(LARGEST, PAGE / (LETTER * max(width, 1)))
    longest = max((len(word) for row in rows for cell in row for word in cell.split()), default=0)
    style = [f"font-size:{max(size, SMALLEST):.1f}pt"] if size < LARGEST else []
    style += ["table-layout:fixed", "width:100%"] if size < SMALLEST else []
    style += ["overflow-wrap:anywhere"] if longest > WRAPS else []
    return _TABLE_TAG.sub(rf'<table style="{";".join(style)}"\1', found[0], count=1) if style else found[0]


def _linked(tag: str, beside: Beside | None) -> Markup:
    address = re.search(r'\bsrc="([^"]*)"', tag)
    content = beside.read(html.unescape(address[1])) if address and beside else b""
    mime = next((mime for mime, start in STARTS.items() if content.startswith(start)), "")
    if not mime:
        return note("a picture that is neither stored in the notebook nor next to it")
    return picture(mime, base64.b64encode(content).decode())


def picture(mime: str, data: str) -> Markup:
    """A picture from the file itself; a note where there can be none."""
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content.startswith(STARTS[mime]):
        return note("a picture that is damaged")
    shape = "wide" if _is_wide(content) else "tall"
    return Markup('<img class="{}" src="data:{};base64,{}">').format(shape, mime, base64.b64encode(content).decode())


def _is_wide(content: bytes) -> bool:
    """Whether it is a PNG that is not higher than wide."""
    width, height = (int.from_bytes(content[start : start + 4]) for start in (16, 20))
    return content.startswith(STARTS["image/png"]) and width >= height


def note(content: str) -> Markup:
    """A note on what is missing on the page."""
    return Markup('<span class="note">[{}]</span>').format(content)


def _joined(raw_outputs: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    pending = ""
    for raw in raw_outputs:
        if not isinstance(raw, dict):
            continue
        if raw.get("output_type") == "stream":
            pending += text_of(raw.get("text"))
            continue
        if pending:
            yield "text", pending
            pending = ""
        if raw.get("output_type") == "error":
            trace = raw.get("traceback")
            lines = [text_of(line) for line in trace] if isinstance(trace, list) else []
            yield "error", "\n".join(lines) or f"{text_of(raw.get('ename'))}: {text_of(raw.get('evalue'))}"
        elif isinstance(raw.get("data"), dict):
            yield "data", raw["data"]
    if pending:
        yield "text", pending


def _richest(data: Mapping[str, Any], beside: Beside | None) -> Markup:
    for mime in PICTURES:
        if mime in data:
            return picture(mime, text_of(data[mime]))
    if "image/svg+xml" in data:
        # As an image, a drawing can neither run nor load anything.
        content = base64.b64encode(text_of(data["image/svg+xml"]).encode()).decode()
        return Markup('<img src="data:image/svg+xml;base64,{}">').format(content)
    if "text/html" in data and "application/vnd.jupyter.widget-view+json" not in data:
        return Markup('<div class="html">{}</div>').format(clean(text_of(data["text/html"]), beside))
    return text(text_of(data.get("text/plain")))


def _final(line: str) -> str:
    """The last state of a line that was overwritten again and again, as progress bars do."""
    parts = [part for part in line.split("\r") if part]
    return parts[-1] if parts else ""
