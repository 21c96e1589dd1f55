"""Reads a submitted notebook. It runs in the trusted process, so everything unexpected becomes an
`UnreadableSubmission`.

It is tolerant, and does not validate: Colab, Jupyter and VS Code all write files that the nbformat schema rejects. So
only version 3 and older go through nbformat; a file of version 4 is read here, as far as its parts can be read.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from autograder.student.submission.files import describe_bytes
from autograder.student.submission.locating import MAX_BYTES, UnreadableSubmission, read_bytes

MAX_CELLS = 5_000
MAX_NAME = 40
MAX_CELL_CHARACTERS = 200_000
MAX_CODE_CHARACTERS = 400_000
MAX_CODE_LINES = 20_000
MAX_OUTPUT_CHARACTERS = 20_000
MAX_JSON_VALUES = 4_000_000
"""The most values: a 64 MiB file of empty lists would need gigabytes once parsed. Commas and brackets are counted
before parsing."""
MAX_OLD_BYTES = 1024 * 1024
"""The most bytes for nbformat's converter, which validates the whole file, slowly."""

_INLINE_PICTURE = re.compile(r"data:[\w/+.\-]{1,60};base64,[A-Za-z0-9+/=]*")
_VERSION = re.compile(r"(3)\.(\d{1,2})\b")
_OBJECT = re.compile(r"<[\w.]+(?: object)?(?: at 0x[0-9a-f]+)?>\s*\Z")
_CLIPPED = "\n[... clipped ...]\n"


class Cell(msgspec.Struct, frozen=True):
    """One code or markdown cell; `number` counts from 1 among the cells of its own kind."""

    kind: Literal["code", "markdown"]
    number: int
    source: str
    outputs: tuple[str, ...] = ()
    """Text of the saved outputs in order: stream text, text of results, "name: value" of errors."""


class Notebook(msgspec.Struct, frozen=True):
    """Code and markdown cells in document order, and sentences for the student on how the file was read."""

    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()
    python: tuple[int, int] = (0, 0)
    """Major and minor version of the Python with which it was saved; (0, 0) where the file does not say."""
    language: str = ""
    """The language of its cells, as in the file ("python", "R"); "" where the file does not say."""


def read_notebook(path: Path) -> Notebook:
    """Reads the notebook in a regular file. Raises UnreadableSubmission."""
    return parse_notebook(read_bytes(path))


def parse_notebook(data: bytes) -> Notebook:
    """Reads a notebook from the bytes of its file. Raises only UnreadableSubmission."""
    notes: list[str] = []
    content = parse_content(data, notes)
    cells = tuple(_cells(content["cells"], notes))
    code = [cell for cell in cells if cell.kind == "code"]
    if not code:
        raise UnreadableSubmission(
            "The notebook has no code cell, so there is nothing to grade. Did you hand in the right file?"
        )
    characters = sum(len(cell.source) for cell in code)
    lines = sum(cell.source.count("\n") + cell.source.count("\r") for cell in code)
    if characters > MAX_CODE_CHARACTERS or lines > MAX_CODE_LINES:
        raise UnreadableSubmission(
            f"The notebook holds more code than can be graded (at most {MAX_CODE_CHARACTERS:,} characters "
            f"and {MAX_CODE_LINES:,} lines). Remove data pasted into code cells."
        )
    return Notebook(cells, tuple(notes), _python(content), _language(content))


def parse_content(data: bytes, notes: list[str]) -> dict[str, Any]:
    """The file's content in format 4, with a list of `cells` that are not checked; `notes` gets sentences on how it was
    read. Raises UnreadableSubmission."""
    content = _parse_json(data, notes)
    if not isinstance(content, dict) or not isinstance(content.get("cells", content.get("worksheets")), list):
        raise UnreadableSubmission(
            "The file is JSON, but it is not a Jupyter notebook: it has no list of cells. "
            "Download the notebook again (in Colab: File > Download > Download .ipynb)."
        )
    if not isinstance(content.get("cells"), list):
        content = _converted(content, len(data), notes)
    cells = content["cells"]
    if len(cells) > MAX_CELLS:
        raise UnreadableSubmission(f"The notebook has {len(cells)} cells; at most {MAX_CELLS} can be graded.")
    return dict(content)


def _python(content: dict[str, Any]) -> tuple[int, int]:
    metadata = content.get("metadata")
    info = metadata.get("language_info") if isinstance(metadata, dict) else None
    version = info.get("version") if isinstance(info, dict) else None
    match = _VERSION.match(version) if isinstance(version, str) else None
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _language(content: dict[str, Any]) -> str:
    metadata = content.get("metadata")
    told = metadata if isinstance(metadata, dict) else {}
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        info = told.get(part)
        name = info.get(key) if isinstance(info, dict) else None
        if isinstance(name, str) and name.strip():
            return name.strip()[:MAX_NAME]
    return ""


def _parse_json(data: bytes, notes: list[str]) -> Any:
    if len(data) > MAX_BYTES:
        raise UnreadableSubmission(
            f"The file is larger than {MAX_BYTES // 2**20} MiB. "
            "Clear the outputs of cells with many pictures and save again."
        )
    if not data.strip():
        raise UnreadableSubmission("The file is empty. Save the notebook and download it again.")
    if sum(data.count(mark) for mark in (b",", b"[", b"{")) > MAX_JSON_VALUES:
        raise UnreadableSubmission("The file holds too many values for a notebook. Clear all outputs and save again.")
    try:
        encoding = json.detect_encoding(data)
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        notes.append("Some bytes of the file are no valid text; they were replaced by question marks.")
    if encoding == "utf-8-sig":
        notes.append("The file starts with a byte order mark, which was ignored.")
    elif encoding != "utf-8":
        notes.append(f"The file is saved as {encoding.upper()}, not as UTF-8; it was read all the same.")
    try:
        return json.loads(text)
    except RecursionError:
        raise UnreadableSubmission("The file is nested too deeply for a notebook. Download it again.") from None
    except ValueError as error:
        raise UnreadableSubmission(describe_bytes(data, text, error)) from None


def _converted(content: dict[str, Any], size: int, notes: list[str]) -> dict[str, Any]:
    """A notebook of format 3 or older, converted to format 4 by nbformat."""
    import nbformat

    failed = (
        "The notebook is saved in an old format (3 or earlier) and cannot be converted. "
        "Open it in Colab or Jupyter, save it, and hand in the new file."
    )
    if size > MAX_OLD_BYTES:
        raise UnreadableSubmission(failed)
    try:
        # Only nbformat's own reader joins the lists of lines that its converter cannot take.
        old = json.dumps({"metadata": {}, "nbformat_minor": 0, **content, "nbformat": 3})
        converted = dict(nbformat.reads(old, as_version=4))
    except Exception as error:  # hostile JSON can make nbformat's converter fail anywhere
        raise UnreadableSubmission(failed) from error
    if not isinstance(converted.get("cells"), list):
        raise UnreadableSubmission(failed)
    notes.append("The notebook is saved in an old format (3 or earlier); it was converted to format 4.")
    return converted


def _cells(raw_cells: list[Any], notes: list[str]) -> Iterator[Cell]:
    count = {"code": 0, "markdown": 0}
    strange = 0
    for raw in raw_cells:
        kind = raw.get("cell_type") if isinstance(raw, dict) else None
        if kind in ("code", "markdown"):
            count[kind] += 1
            source = text_of(raw.get("source"))
            if kind == "markdown":
                yield Cell("markdown", count[kind], _INLINE_PICTURE.sub("data:", source)[:MAX_CELL_CHARACTERS])
                continue
            if len(source) > MAX_CELL_CHARACTERS:
                raise UnreadableSubmission(
                    f"Code cell {count[kind]} holds more than {MAX_CELL_CHARACTERS:,} characters. "
                    "Remove the data pasted into it."
                )
            yield Cell("code", count[kind], source, tuple(_outputs(raw.get("outputs"))))
        elif kind != "raw":
            strange += 1
    if strange:
        notes.append(f"{strange} of the notebook's cells are neither code nor text; they were skipped.")


def _outputs(raw_outputs: Any) -> Iterator[str]:
    for raw in raw_outputs if isinstance(raw_outputs, list) else ():
        if not isinstance(raw, dict):
            continue
        data = raw.get("data")
        if raw.get("output_type") == "error":
            text = f"{text_of(raw.get('ename'))}: {text_of(raw.get('evalue'))}"
        elif isinstance(data, dict):
            text = _shown(data)
        else:
            text = text_of(raw.get("text"))
        if text:
            yield _clipped(text)


def _shown(data: dict[str, Any]) -> str:
    """What a person sees of a result: its text; or, where the text only names an object, the Markdown, HTML or LaTeX
    that displays it."""
    plain = text_of(data.get("text/plain"))
    if not _OBJECT.match(plain):
        return plain
    drawn = (text_of(data.get(kind)) for kind in ("text/markdown", "text/html", "text/latex"))
    return next(filter(None, drawn), plain)


def _clipped(text: str) -> str:
    """The start and the end of a long output: a training log's last lines hold its results."""
    if len(text) <= MAX_OUTPUT_CHARACTERS:
        return text
    half = (MAX_OUTPUT_CHARACTERS - len(_CLIPPED)) // 2
    return text[:half] + _CLIPPED + text[-half:]


def text_of(value: Any) -> str:
    """A JSON string or list of strings as one text, with lone surrogates replaced so that it can be encoded."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value
