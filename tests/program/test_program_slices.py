"""Statements keep their place, syntax errors stay local, slices are closed: on examples, and on arbitrary text."""

import ast
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.student.program import Outline, outline, program_for, why_missing
from autograder.student.submission.notebook import Cell, Notebook
from tests.notebooks import notebook
from tests.program.test_program import SETUP, outlined


@pytest.mark.parametrize(
    ("cell", "statements"),
    [
        ("%matplotlib inline\nx = 1", [(2, "x = 1")]),
        ("\n# timing\n%%time\nx = 1", [(4, "x = 1")]),
        ("%%capture out\n%%time\n!pip install \\\n   timm\nx = 1", [(5, "x = 1")]),
        ("%%bash\nx=1", []),
        ("%%writefile a.txt\nx = 1", []),
        ("%time x = f(1)", [(1, "x = f(1)")]),
        ("  %load_ext a\n  x = 1", [(2, "x = 1")]),
        ("if a:\n    !ls 'unclosed\n    %cd x\nx = 1", [(4, "x = 1")]),
        ("?torch\nnn.Linear?\nx = a[0]??\nx = 1", [(4, "x = 1")]),
        ("x = '''\n%time\n!ls\n'''\n!ls\n", [(1, "x = '''\n%time\n!ls\n'''")]),
        ("x = (a\n% b)\n!ls", [(1, "x = (a\n% b)")]),
        ("x = a \\\n% b\n!ls", [(1, "x = a \\\n% b")]),
        ("pip install timm\nx = 1", [(2, "x = 1")]),
        ("x = 1; y = 2", [(1, "x = 1"), (1, "y = 2")]),
        ("# c\n@(\n d)\n@e\ndef f(): pass", [(2, "@(\n d)\n@e\ndef f(): pass")]),
        ("é = 'ü'; y = 'ö' # c", [(1, "é = 'ü'"), (1, "y = 'ö'")]),
        ("x = 1\r\ny = 2\rz = 3", [(1, "x = 1"), (2, "y = 2"), (3, "z = 3")]),
    ],
)
def test_statements_keep_their_place_and_text(cell: str, statements: list[tuple[int, str]]) -> None:
    found = outline(Notebook((Cell("code", 1, cell),))).statements
    assert [(s.line, s.source) for s in found if "get_ipython" not in s.source] == statements


@pytest.mark.parametrize(
    ("cell", "kept", "line", "names"),
    [
        ("a = 1\ndef f(x)\n    return x\nb = 2", "a b", 2, "f"),
        ("a = (1\nb = 2\ndef c(): pass", "b c", 1, "a"),
        ('a = """\nb = 2\nclass C: pass', "b C", 1, "a"),
        ("a = 1\nfor x in y:\nb = 2", "a b", 2, ""),
        ("if a\n    b = 1\nelse:\n    c = 2\nd = 3", "d", 1, ""),
        ("@a\n@b\ndef f(:\n  pass\ng = 1", "g", 3, "f"),
        ("a, b = 1 2\nc = 3", "c", 1, "a b"),
        ("def f():\n    return 1\n  x = 2\nc = 3", "c", 3, "f"),
        ("a = 1\n\0\nb = 2", "a b", 2, ""),
        ("print 'x'\na = 1", "a", 1, ""),
        ("-" * 10_000 + "1\na = 1", "a", 1, ""),
        ("x" + "+x" * 2_000 + "\na = 1", "a", 1, ""),
        ("a = 1\nb = " + "9" * 5_000, "a", 2, "b"),
    ],
)
def test_what_surrounds_a_syntax_error_still_counts(cell: str, kept: str, line: int, names: str) -> None:
    found = outlined(cell)
    assert set().union(*(s.binds for s in found.statements)) == set(kept.split())
    (broken,) = found.broken
    assert (broken.cell, broken.line, broken.names) == (1, line, set(names.split()))
    assert broken.message


def sliced(found: Outline, *wanted: str) -> list[str]:
    return [s.source for s in program_for(found, wanted).statements]


def test_a_slice_holds_what_the_wanted_names_are_made_of() -> None:
    found = outlined(
        "from __future__ import annotations\nimport torch\nfrom a import *\nunused = 1",
        "k = 3\ndef g(): return k\ndef f(): return g()\nf()",
        "class A: pass\nA.f = f\nother = torch.zeros(3)",
    )
    head = ["from __future__ import annotations", "from a import *"]
    assert sliced(found, "f") == [*head, "k = 3", "def g(): return k", "def f(): return g()"]
    assert sliced(found, "A") == [
        *head,
        "k = 3",
        "def g(): return k",
        "def f(): return g()",
        "class A: pass",
        "A.f = f",
    ]
    assert sliced(found, "nothing") == head


def test_a_slice_sees_the_notebook_when_the_name_was_last_mentioned() -> None:
    found = outlined("n = 128\ndef f(): return n, m", "n = 64\nf()", "n = 32\nm = 1\ndef g(): return n", "m = 2")
    assert sliced(found, "f") == ["n = 128", "def f(): return n, m", "n = 64", "m = 1", "m = 2"]
    assert sliced(found, "g", "f") == [
        "n = 128",
        "def f(): return n, m",
        "n = 64",
        "n = 32",
        "m = 1",
        "def g(): return n",
    ]


def test_actions_are_left_out_and_not_followed() -> None:
    found = outlined(SETUP, "model = nn.Linear(1, 1)\nn = 3\nmodel, t = train_ae(model, n)\ndef f(): return model, t")
    program = program_for(found, ["f"])
    assert [s.source for s in program.left_out] == ["model, t = train_ae(model, n)"]
    assert "n = 3" not in [s.source for s in program.statements]
    assert "model = nn.Linear(1, 1)" in [s.source for s in program.statements]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\ny = 2\ndef train(x)\n    pass", "code cell 2 has a syntax error in line 3: expected ':'."),
        (
            "_, train = train_ae(1, 2)",
            "is made in code cell 2, line 1, by a statement that is left out while grading: it trains.",
        ),
        ("def Train(): pass", "there is `Train` in code cell 2; the name must be `train`"),
        ("def t_rain(): pass", "there is `t_rain` in code cell 2; the name must be `train`"),
        ("x = 1\nclass A:\n    def train(self): pass", "line 3, but inside `A`"),
        ("# def train(x):\n#     pass", "line 1, but commented out"),
        ("x = 1\n'''\ndef train(x): pass\n'''", "line 3, but inside a string"),
        ("x = 1", "`train` does not occur in the notebook."),
        ("trains = 1", "`train` does not occur in the notebook."),
        ("class Encoder: pass", "`train` does not occur in the notebook."),
        ("train = 1 / 0", "is defined in code cell 2, line 1, but it was not there"),
    ],
)
def test_why_a_name_is_missing(source: str, message: str) -> None:
    assert message in why_missing(outlined(SETUP, source), "train", {"train", "Encoder"})


def test_a_name_that_nobody_asks_for_is_not_to_be_renamed() -> None:
    said = why_missing(outlined(SETUP, "out = 1\ndef outss(): pass"), "outs", {"train"})
    assert said == "The notebook defines nothing with the name `outs`."


@pytest.mark.parametrize(
    "text",
    [
        "```python\nclass Decoder(nn.Module):\n    pass\n```",
        "The code:\n\n    def Decoder(x, y=(1, 2)) -> int:  # mine",
        "> class Decoder:",
    ],
)
def test_what_stands_in_a_text_cell_is_said_to_stand_there(text: str) -> None:
    cells = (Cell("code", 1, "x = 1"), Cell("markdown", 1, text), Cell("code", 2, "y = 2"))
    said = why_missing(outline(Notebook(cells)), "Decoder", {"Decoder"})
    assert "it stands in a text cell (after code cell 1), which is not run" in said


@pytest.mark.parametrize(
    "text", ["class " + "a" * 150_000, "def f(" + "(" * 100_000, "> " * 90_000, "class A" + " " * 90_000]
)
def test_a_text_cell_made_to_be_slow_is_read_in_no_time(text: str) -> None:
    started = time.process_time()
    outline(Notebook((Cell("code", 1, "x = 1"), Cell("markdown", 1, text))))
    assert time.process_time() - started < 1


@pytest.mark.parametrize("text", ["Each class Decoder has:", "We define the class Decoder", "class Decoder is below"])
def test_prose_is_no_definition(text: str) -> None:
    cells = (Cell("code", 1, "x = 1"), Cell("markdown", 1, text))
    assert "does not occur" in why_missing(outline(Notebook(cells)), "Decoder", {"Decoder"})


_FRAGMENTS = [
    *("x = 1", "y = x + z", "def f(a):", "    return a + x", "class A(B):", "    def g(self): return y", "    x = y"),
    *("for i in x:", "    y += i", "if x:", "else:", "try:", "except E as e:", "finally:", "with a as b:", "    pass"),
    *("  pass", "import m", "from m import *", "from __future__ import a", "@d", "%%time", "%%bash", "%time x = f(1)"),
    *(
        "!ls 'x",
        "    !pip install a",
        "x = !ls",
        "?x",
        "x?",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'''",
        '"""',
        "'",
        '"',
        "\\",
    ),
    *("#", "# def h():", ";", ":", ",", "\t", "\f", "\r", "\0", "\u2028", "\ud800", "é = 'ü'; w = 2", "x.append(y)"),
    *("A.g = f", "del x", "global x", "lambda: x", "[i for i in x if (q := i)]", "print(x)", "f(loader)", "x: int = 3"),
    *("match x:", "    case [a, *b]: c = a", "async def k(): await x", "await k()", "return", "nonlocal x"),
    *("def f(a, a): pass", "f'{x!r:{y}}'", "0x", "1_", "*a, b = c"),
]

cells = st.lists(st.sampled_from(_FRAGMENTS), max_size=8).map("\n".join) | st.lists(
    st.sampled_from(_FRAGMENTS) | st.text(max_size=3), max_size=6
).map(" ".join)
notebooks = st.lists(cells | st.text(max_size=30), min_size=1, max_size=3)


@given(notebooks)
@example(["x = 1\n" * 3, "\x0cx = 1; \x0c y = 2"])
def test_any_text_has_an_outline_whose_slices_are_closed(sources: list[str]) -> None:
    notebook = Notebook(tuple(Cell("code", number, source) for number, source in enumerate(sources, 1)))
    found = outline(notebook)
    assert found == outline(notebook)
    for statement in found.statements:
        lines = sources[statement.cell - 1].replace("\r\n", "\n").replace("\r", "\n").split("\n")
        first = statement.source.split("\n")[0].encode("utf-8", "replace")
        assert first in lines[statement.line - 1].encode("utf-8", "replace") or b"get_ipython()" in first
        ast.parse(statement.source)
    names = sorted(set().union(*(s.binds | s.needs for s in found.statements)))
    may_run = set().union(*(s.binds for s in found.statements if s.acts is None))
    for wanted in ([], *([name] for name in names[:6]), names):
        program = program_for(found, wanted)
        chosen = [found.statements.index(s) for s in program.statements]
        assert chosen == sorted(chosen)
        assert all(s.acts is None for s in program.statements)
        assert all(s.acts is not None for s in program.left_out)
        bound = set().union(*(s.binds for s in program.statements))
        needed = set(wanted).union(*(s.needs for s in program.statements))
        assert needed & may_run <= bound
        if wanted:
            assert program_for(found, [*wanted, *sorted(needed)]) == program
    assert all(why_missing(found, name) for name in [*names, "nowhere_at_all"])


@pytest.mark.parametrize(
    "text",
    [
        "f'" + "{x}" * 60_000 + "'",
        "(" * 200_000,
        "%a\n" * 9_000,
        "x=1;" * 40_000,
        "'" * 200_001,
        '"\\' * 100_000,
        "x" + ".a" * 100_000,
        " " * 200_000 + "= !",
        "def a(\n" * 9_000,
        "try:\n" * 9_000,
        "?" * 200_000,
        "".join(f"def f{i}(): f{i + 1}()\n" for i in range(5_000)) + "def f5000(): x.step()",
    ],
    ids=lambda text: repr(text[:8]),
)
def test_hostile_text_takes_no_long_time(text: str) -> None:
    start = time.process_time()
    found = outline(Notebook((Cell("code", 1, text),)))
    program_for(found, ["a", "f0"])
    why_missing(found, "a" * 200_000)
    assert time.process_time() - start < 5


NETS = "%%writefile nets.py\nfrom torch import nn\nclass Encoder(nn.Module):\n    pass\nif __name__ == '__main__':\n    train()"


@pytest.mark.parametrize(
    ("importing", "wanted", "last"),
    [
        ("from nets import Encoder", "Encoder", "class Encoder(nn.Module):\n    pass"),
        ("from nets import Encoder as E", "E", "E = Encoder"),
        ("from nets import *", "Encoder", "class Encoder(nn.Module):\n    pass"),
        ("import nets", "nets", "nets = __import__('types').SimpleNamespace(Encoder=Encoder, nn=nn)"),
        ("import nets as n", "n", "n = __import__('types').SimpleNamespace(Encoder=Encoder, nn=nn)"),
    ],
)
def test_a_module_that_a_cell_writes_is_part_of_the_notebook(importing, wanted, last):
    program = program_for(outline(notebook(NETS, importing)), [wanted])
    sources = [statement.source for statement in program.statements]
    assert "from torch import nn" in sources
    assert [source for source in sources if source != "pass"][-1] == last
    assert not any("train()" in source for source in sources)


def test_importing_any_other_module_stays_as_it_is():
    read = outline(notebook(NETS, "from other import Encoder as E"))
    assert read.statements[-1].source == "from other import Encoder as E"
