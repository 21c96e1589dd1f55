"""Reading submissions: what is accepted, what is refused, and that no exception but a refusal ever comes out."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.student.submission import notebook as reader
from autograder.student.submission.locating import UnreadableSubmission, find_notebook
from autograder.student.submission.notebook import Cell, parse_notebook, read_notebook


def code(source: object = "x = 1", **other: object) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, **other}


def markdown(source: object = "# Title") -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source}


def raw(*cells: object, **other: object) -> bytes:
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}, **other}).encode()


def test_cells_are_numbered_among_their_own_kind() -> None:
    notebook = parse_notebook(
        raw(markdown(), code("a"), {"cell_type": "raw", "source": "-"}, code("b"), markdown("end"))
    )
    assert [(cell.kind, cell.number, cell.source) for cell in notebook.cells] == [
        ("markdown", 1, "# Title"),
        ("code", 1, "a"),
        ("code", 2, "b"),
        ("markdown", 2, "end"),
    ]
    assert notebook.notes == ()


@pytest.mark.parametrize(
    ("cell", "source"),
    [
        (code(["a\n", "b"]), "a\nb"),
        (code("é\n"), "é\n"),
        ({"cell_type": "code"}, ""),
        (code(None), ""),
        (code(["a", 3, None, "b"]), "ab"),
        (code("a", outputs=None, metadata=None, execution_count="?", id=7, attachments=[]), "a"),
        (code("\ud83d\ude00\ud800"), "\U0001f600\ufffd"),
    ],
)
def test_odd_cells_are_read(cell: dict[str, Any], source: str) -> None:
    (read,) = parse_notebook(raw(cell)).cells
    assert read.source == source
    read.source.encode()


@pytest.mark.parametrize(
    "version", [{"nbformat_minor": 0}, {"nbformat_minor": 9}, {"nbformat": 5}, {"nbformat": "4"}, {}]
)
def test_any_version_with_cells_is_read(version: dict[str, object]) -> None:
    assert parse_notebook(json.dumps({"cells": [code()], **version}).encode()).cells == (Cell("code", 1, "x = 1"),)


def test_outputs_are_read_as_text_in_order() -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["Accuracy: ", "0.32\n"]},
        {"output_type": "display_data", "data": {"image/png": "iVBOR", "text/plain": "<Figure>"}},
        {"output_type": "display_data", "data": {"image/png": "iVBOR"}},
        {"output_type": "execute_result", "data": {"text/plain": ["0.", "8"]}},
        {"output_type": "error", "ename": "ValueError", "evalue": "bad", "traceback": []},
        "no output",
    ]
    (cell,) = parse_notebook(raw(code(outputs=outputs))).cells
    assert cell.outputs == ("Accuracy: 0.32\n", "<Figure>", "0.8", "ValueError: bad")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"text/plain": "<IPython.core.display.Markdown object>", "text/markdown": "**32 %**"}, "**32 %**"),
        ({"text/plain": "<pandas.io.formats.style.Styler at 0x7f1b2c>", "text/html": "<b>32 %</b>"}, "<b>32 %</b>"),
        ({"text/plain": "  acc\n0  32", "text/html": "<table>"}, "  acc\n0  32"),
        ({"text/plain": "<Figure>", "text/html": ["<p>", 3, "</p>"]}, "<p></p>"),
        ({"text/plain": "<IPython.core.display.Image object>"}, "<IPython.core.display.Image object>"),
    ],
)
def test_an_output_is_what_a_person_sees_of_it(data: dict[str, object], text: str) -> None:
    outputs = [{"output_type": "display_data", "data": data}]
    (cell,) = parse_notebook(raw(code(outputs=outputs))).cells
    assert cell.outputs == (text,)


def test_a_long_output_keeps_its_start_and_end() -> None:
    text = "first" + "." * 100_000 + "last"
    (cell,) = parse_notebook(raw(code(outputs=[{"output_type": "stream", "text": text}]))).cells
    (output,) = cell.outputs
    assert len(output) <= reader.MAX_OUTPUT_CHARACTERS
    assert output.startswith("first")
    assert output.endswith("last")


def test_pictures_pasted_into_text_are_dropped() -> None:
    notebook = parse_notebook(raw(code(), markdown("![p](data:image/png;base64," + "iVBOR" * 100_000 + ") 0.802")))
    assert notebook.cells[1].source == "![p](data:) 0.802"


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"\xef\xbb\xbf" + raw(code()), "byte order mark"),
        (raw(code()).decode().encode("utf-16"), "UTF-16"),
        (raw(code()).decode().encode("utf-16-le"), "UTF-16"),
        (raw(code("x = 1#?")).replace(b"#?", b"#\xff"), "no valid text"),
        (raw(code(), {"cell_type": "heading"}, 3), "2 of the notebook's cells"),
    ],
)
def test_what_was_tolerated_is_noted(data: bytes, note: str) -> None:
    notebook = parse_notebook(data)
    assert notebook.cells[0].source.startswith("x = 1")
    assert note in " ".join(notebook.notes)


def test_an_old_notebook_is_converted() -> None:
    cell = {
        "cell_type": "code",
        "language": "python",
        "collapsed": False,
        "input": ["x = 1\n", "y = 2"],
        "outputs": [{"output_type": "stream", "stream": "stdout", "text": ["0.32"]}],
    }
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [{"cells": [cell], "metadata": {}}],
    }
    notebook = parse_notebook(json.dumps(old).encode())
    assert notebook.cells == (Cell("code", 1, "x = 1\ny = 2", ("0.32",)),)
    assert "old format" in notebook.notes[0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"%PDF-1.5 \x00\xff", "is a PDF"),
        (b"PK\x03\x04....", "zip"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"\xef\xbb\xbf\n<html>", "web page"),
        (b"# homework\nimport torch\nx = 1\n", "Python script"),
        (b"hello", "not JSON"),
        (raw(code())[:-9], "cut off or damaged"),
        (b'{\n<<<<<<< HEAD\n "cells": []', "merge conflict"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"cells": ' + b"9" * 5000 + b"}", "damaged"),
        (b"[1, 2]", "not a Jupyter notebook"),
        (b'{"cells": {}}', "not a Jupyter notebook"),
        (b'{"a": NaN}', "not a Jupyter notebook"),
        (b'{"nbformat": 3, "worksheets": [3]}', "old format"),
        (b'{"nbformat": 3, "worksheets": []}', "no code cell"),
        (raw(), "no code cell"),
        (raw(markdown()), "no code cell"),
        (raw(code("x" * 200_001)), "Code cell 1 holds more than"),
        (raw(*[code("x" * 190_000)] * 3), "more code than can be graded"),
        (raw(*[code("\n" * 9_000)] * 3), "more code than can be graded"),
        (raw(*[markdown("")] * 5_001), "5001 cells"),
        (b"[" + b"[]," * 2_500_000 + b"[]]", "too many values"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_refused_with_a_reason(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableSubmission, match=message):
        parse_notebook(data)


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reader, "MAX_BYTES", 1000)
    path = tmp_path / "big.ipynb"
    path.write_bytes(raw(code("x" * 1000)))
    with pytest.raises(UnreadableSubmission, match="larger than"):
        read_notebook(path)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    _read_or_refuse(data)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _object(*keys: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(keys, _values))


_outputs = _object("output_type", "text", "data", "ename", "evalue")
_cells = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw", "heading"])},
    optional={
        "source": _values,
        "input": _values,
        "metadata": _values,
        "outputs": st.lists(_outputs | _values, max_size=3),
    },
)
_listed = st.lists(_cells | _values, max_size=3)
_notebooks = st.fixed_dictionaries(
    {},
    optional={
        "cells": _listed | _values,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": _listed}) | _values, max_size=2),
        "nbformat": _values | st.just(3),
        "nbformat_minor": _values,
        "metadata": _values,
    },
)


@given(_values | _notebooks, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_no_json_raises_anything_else(value: object, encoding: str) -> None:
    _read_or_refuse(json.dumps(value).encode(encoding))


def _read_or_refuse(data: bytes) -> None:
    """Any exception of the reader except a refusal fails the test."""
    with contextlib.suppress(UnreadableSubmission):
        assert any(cell.kind == "code" for cell in parse_notebook(data).cells)


def test_a_notebook_is_found_in_a_folder(tmp_path: Path) -> None:
    for hidden in (".ipynb_checkpoints", "__MACOSX", "."):
        (tmp_path / hidden).mkdir(exist_ok=True)
        (tmp_path / hidden / ".._ps7.ipynb").touch()
    (tmp_path / "__MACOSX" / "ps7.ipynb").touch()
    (tmp_path / ".ipynb_checkpoints" / "ps7-checkpoint.ipynb").touch()
    (tmp_path / "report.pdf").touch()
    (tmp_path / "work").mkdir()
    path = tmp_path / "work" / "ps7.ipynb"
    path.write_bytes(raw(code()))
    assert find_notebook(tmp_path) == path
    assert find_notebook(path) == path
    assert read_notebook(path).cells[0].source == "x = 1"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "It is empty"),
        (["ps7.pdf", "b.py"], "`b.py`, `ps7.pdf`"),
        (["a.ipynb", "b/c.ipynb"], "2 notebooks: `a.ipynb`, `b/c.ipynb`"),
        ([f"{i}.ipynb" for i in range(9)], "and 4 more"),
        (["a\n`<b>.pdf"], r"`a\?'<b>.pdf`"),
    ],
)
def test_none_or_several_notebooks_are_named(tmp_path: Path, names: list[str], message: str) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(UnreadableSubmission, match=message):
        find_notebook(tmp_path)


@pytest.mark.parametrize("kind", ["link", "loop", "fifo", "folder", "device"])
def test_special_files_are_refused_without_blocking(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "submission"
    folder.mkdir()
    path = folder / "ps7.ipynb"
    if kind == "link":
        (tmp_path / "solution").write_bytes(raw(code()))
        path.symlink_to(tmp_path / "solution")
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path = Path("/dev/zero")
    with pytest.raises(UnreadableSubmission):
        read_notebook(path)
    with pytest.raises(UnreadableSubmission):
        find_notebook(path if kind == "device" else folder)


@pytest.mark.parametrize("path", ["/nowhere/ps7.ipynb", "a\0b", "x" * 5000, "/etc/passwd/ps7.ipynb"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    for read in (find_notebook, read_notebook):
        with pytest.raises(UnreadableSubmission):
            read(Path(path))


@pytest.mark.parametrize(
    ("info", "python"),
    [
        ({"version": "3.12.3"}, (3, 12)),
        ({"version": "3.11.0rc1"}, (3, 11)),
        ({"version": "2.7.18"}, (0, 0)),
        ({"version": 3.12}, (0, 0)),
        ({}, (0, 0)),
        ("python", (0, 0)),
    ],
)
def test_the_python_that_it_was_saved_with(info, python) -> None:
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": "x = 1"}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"language_info": info}, "cells": [cell]}
    assert parse_notebook(json.dumps(content).encode()).python == python
