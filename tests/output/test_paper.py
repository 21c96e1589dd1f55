"""A notebook on paper: nothing is missing, nothing runs."""

import base64
import os
import re
import sys
import time

import nbformat
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.ps7.student.assignment import PS7
from autograder.student.commands import laid_out, pdf
from autograder.student.output import beside, printing
from autograder.student.output.beside import Beside
from autograder.student.output.mathematics import formula
from autograder.student.output.outputs import clean, rendered, text
from autograder.student.output.paper import markdown, page, title_of
from autograder.student.output.printing import PrintingError, print_page
from autograder.student.output.results import Results, Test

PNG = base64.b64encode(
    base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
).decode()
v4 = nbformat.v4


def shown(*cells, **options):
    return page({"cells": list(cells)}, **{"title": "Title", "author": "Ada", "results": None, **options})


def outputs(*raw):
    return "".join(rendered(list(raw)))


def test_everything_of_a_cell_is_there():
    cell = v4.new_code_cell("x = 1 < 2  # a & b", execution_count=7)
    cell.outputs = [
        v4.new_output("stream", text="printed\n"),
        v4.new_output("stream", name="stderr", text="warned"),
        v4.new_output("execute_result", data={"text/plain": "the value"}),
        v4.new_output("display_data", data={"image/png": PNG, "text/plain": "<Figure>"}),
        v4.new_output("error", ename="ValueError", evalue="no", traceback=["\x1b[31mValueError\x1b[0m: no"]),
    ]
    html = shown(cell)
    for words in ("&lt;", "a &amp; b", ">7<", "printed\nwarned", "the value", f"base64,{PNG}", "ValueError: no"):
        assert words in html
    assert "Figure" not in html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<iframe src='file:///etc/passwd'></iframe>",
        "<meta http-equiv=refresh content='0;url=http://example.com'>",
        "<link rel=stylesheet href=http://example.com/x.css>",
        "<a href='javascript:alert(1)'>x</a>",
        "<div style=\"background:url('http://example.com')\">x</div>",
        "<style>@import 'http://example.com';</style>",
        "<object data='file:///etc/passwd'></object><embed src=x><base href=http://example.com>",
        "<svg><script>alert(1)</script></svg>",
        "</section></body><script>alert(1)</script>",
        "<form action=http://example.com><input name=a></form>",
    ],
)
def test_nothing_runs_or_is_loaded(hostile):
    for html in (
        clean(hostile),
        markdown(hostile),
        outputs({"output_type": "display_data", "data": {"text/html": hostile}}),
    ):
        assert not re.search(r"<(script|iframe|meta|link|object|embed|base|style|form|input)\b", html)
        assert not re.search(r"\bon\w+=|javascript:|url\(|(src|href)=[\"']?(?!data:)\w", html)


def test_a_picture_of_elsewhere_leaves_a_note():
    for text_ in (
        "![x](picture.png)",
        "![x](http://example.com/x.png)",
        "<img src='/content/x.png'>",
        "![x](attachment:no.png)",
    ):
        html = markdown(text_)
        assert "a picture that is neither stored in the notebook nor next to it" in html
        assert "<img" not in html


def test_an_attached_picture_is_there():
    assert f"base64,{PNG}" in markdown("before ![x](attachment:a.png)", {"a.png": {"image/png": PNG}})


@pytest.mark.parametrize("data", ["AAAA", "%%%", "", base64.b64encode(b"<svg onload=alert(1)>").decode()])
def test_a_damaged_picture_leaves_a_note(data):
    html = outputs({"output_type": "display_data", "data": {"image/png": data}})
    assert "damaged" in html
    assert "<img" not in html


@pytest.mark.parametrize(
    "latex",
    [
        r"E = mc^2",
        r"\begin{aligned} a &= b \\ c &= \underbrace{d}_{n} \end{aligned}",
        r"\begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}",
        r"-\frac{1}{N}\sum_i \log\frac{\exp(s_{ii}/\tau)}{\sum_j \exp(s_{ij}/\tau)} \tag{1}",
    ],
)
def test_a_formula_is_a_picture(latex):
    assert 'src="data:image/svg+xml;base64,' in formula(latex, display=True)


@pytest.mark.parametrize("latex", [r"\frac{a", r"}{", "x" * 30_000])
def test_what_is_no_formula_is_shown_as_it_is(latex):
    html = formula(latex, display=False)
    assert latex in html.unescape()
    assert "<img" not in html


def test_prices_are_no_formulas():
    assert "<img" not in markdown("between 5$ and 6$")
    assert markdown("a $x$, b $$y$$\n\n$$z$$\n\n\\begin{align}w\\end{align}").count('class="formula') == 4


def test_a_long_log_keeps_its_ends_and_counts_the_rest():
    html = text("\n".join(f"line {number}" for number in range(1000)))
    assert "line 0\n" in html
    assert "line 999" in html
    assert "[... 900 lines that are not printed ...]" in html


def test_a_progress_bar_is_its_last_state():
    assert ">100%<" in text("\r".join(f"{number}%" for number in range(101)))


def picture_below(*lines):
    cell = v4.new_code_cell("plt.show()")
    cell.outputs = [
        v4.new_output("stream", text="\n".join(lines)),
        v4.new_output("display_data", data={"image/png": PNG}),
    ]
    return shown(cell).split("<body>")[1]


def test_a_picture_stays_with_its_cell():
    assert 'class="block together"' in picture_below("one line")
    long = picture_below(*(f"epoch {number}" for number in range(40)))
    assert 'class="block together"' not in long  # otherwise half a page could stay empty before it
    first, last = long.split('<div class="together">')
    assert ("epoch 33" in first, "epoch 34" in last, "<img" in last) == (True, True, True)
    assert [long.count(f"epoch {number}\n") + long.count(f"epoch {number}<") for number in range(40)] == [1] * 40


def test_a_picture_that_is_wider_than_high_does_not_fill_the_page():
    def png(width, height):
        return b"\x89PNG\r\n\x1a\n" + bytes(8) + width.to_bytes(4) + height.to_bytes(4)

    wide, tall = (
        outputs({"output_type": "display_data", "data": {"image/png": base64.b64encode(png(*size)).decode()}})
        for size in ((640, 480), (480, 640))
    )
    assert ('class="wide"' in wide, 'class="wide"' in tall) == (True, False)


@pytest.mark.parametrize("title", ["Set 7: CLIP (v2)", '"} body { display: none } "', "</style><script>", "\\22"])
def test_the_title_is_in_the_footer_and_nothing_but_a_text(title):
    html = shown(title=title)
    [footer] = re.findall(r'@bottom-left \{ content: "([^"]*)"', html)
    assert not set(footer) & set('"\\<>{};')
    assert "counter(page)" in html


def sizes(html):
    return [float(size) for size in re.findall(r'<table style="font-size:([\d.]+)pt', html)]


@pytest.mark.parametrize("as_markdown", [True, False])
def test_a_table_that_is_too_wide_has_smaller_letters_and_others_keep_theirs(as_markdown):
    def table(columns):
        if as_markdown:
            row = "|" + "0.1234|" * columns
            return markdown(f"{row}\n|{'---|' * columns}\n{row}\n")
        return outputs(
            {"output_type": "display_data", "data": {"text/html": f"<table><tr>{'<td>0.1234</td>' * columns}</table>"}}
        )

    assert sizes(table(3)) == []
    [size] = sizes(table(26))
    assert 3 < size < 5
    assert "table-layout:fixed" in table(80)


def test_a_sentence_in_a_cell_wraps_and_does_not_make_the_letters_small():
    assert sizes(markdown(f"|a|b|\n|---|---|\n|{'many words ' * 40}|1|\n")) == []
    assert "overflow-wrap:anywhere" in markdown(f"|a|b|\n|---|---|\n|{'x' * 200}|1|\n")


class TestBeside:
    def test_a_picture_beside_the_notebook_is_there(self, tmp_path):
        (tmp_path / "my figures").mkdir()
        (tmp_path / "my figures" / "a.png").write_bytes(base64.b64decode(PNG))
        for text_ in (
            "![x](my%20figures/a.png)",
            "<img src='my figures/a.png'>",
            "<img src='./my figures/a.png?raw=1'>",
        ):
            assert f"base64,{PNG}" in markdown(text_, beside=Beside(tmp_path))

    @pytest.mark.skipif(sys.platform == "win32", reason="links need a right there, and there are no pipes")
    def test_nothing_else_is_read(self, tmp_path):
        folder = tmp_path / "handed in"
        folder.mkdir()
        (tmp_path / "secret.png").write_bytes(base64.b64decode(PNG))
        (folder / "link.png").symlink_to(tmp_path / "secret.png")
        (folder / "text.png").write_text("no picture")
        os.mkfifo(folder / "pipe.png")
        for name in (
            "../secret.png",
            str(tmp_path / "secret.png"),
            "link.png",
            "text.png",
            "pipe.png",
            ".",
            "a\0b",
            "file:///etc/passwd",
            "//example.com/x.png",
            "x" * 5000,
        ):
            html = markdown(f"<img src='{name}'>", beside=Beside(folder))
            assert "<img" not in html, name

    def test_there_is_a_limit_to_all_of_them_together(self, tmp_path, monkeypatch):
        monkeypatch.setattr(beside, "MOST_BYTES", 1.5 * len(base64.b64decode(PNG)))
        (tmp_path / "a.png").write_bytes(base64.b64decode(PNG))
        assert markdown("![x](a.png) ![x](a.png)", beside=Beside(tmp_path)).count("<img") == 1


def test_the_checks_are_on_top():
    failed = Test(
        number="7.1.1.1",
        name="It `works`",
        score=0,
        max_score=1,
        status="failed",
        output="no",
        extra_data={"item": "encoder"},
    )
    html = shown(results=Results(score=0, tests=(failed,)))
    assert "0 of 1 points" in html
    assert "It <code>works</code>" in html


def test_the_first_heading_is_the_title():
    assert (
        title_of({"cells": [v4.new_code_cell("# no"), v4.new_markdown_cell("text\n## The title ##\n")]}) == "The title"
    )
    assert title_of({"cells": [None, {"cell_type": "markdown"}]}) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text/plain", "image/png", "text/html", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
CELL = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "strange"]) | JSON,
        "source": st.text(max_size=60) | JSON,
        "attachments": JSON,
        "execution_count": JSON,
        "outputs": JSON
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "output_type": st.sampled_from(["stream", "error", "display_data"]),
                    "data": JSON,
                    "text": JSON,
                    "traceback": JSON,
                },
            ),
            max_size=3,
        ),
    },
)


@given(st.lists(CELL | JSON, max_size=4))
def test_whatever_the_file_holds_becomes_a_page(cells):
    assert shown(*cells).endswith("</html>")


PRINTERS = [
    pytest.param("plutoprint", id="plutoprint"),
    pytest.param(
        "chromium",
        id="chromium",
        marks=pytest.mark.skipif(not list(printing.browsers()), reason="there is no browser"),
    ),
]


def is_in(line, found):
    """In one piece, or in two where a page ends."""
    return any(line[:at] in found and line[at:] in found for at in range(len(line) + 1))


@pytest.mark.parametrize("printer", PRINTERS)
def test_all_text_is_in_the_pdf(printer, tmp_path):
    """Pages of the solved notebook, and of lines that are longer than the page is wide."""
    solved = nbformat.read(PS7.solution, as_version=4)
    words = [f"word{number}" for number in range(400)]
    solved.cells.append(v4.new_code_cell("long = '" + " ".join(words) + "'\nunbroken = '" + "z" * 400 + "'"))
    wide = "".join(f"<td>cell{number}</td>" for number in range(26))
    solved.cells[-1].outputs = [v4.new_output("display_data", data={"text/html": f"<table><tr>{wide}</tr></table>"})]
    out = tmp_path / "a folder" / "out.pdf"
    print_page(page(solved, title="t", author="Ada", results=None), out, printer)
    pages = pypdfium2.PdfDocument(out)
    found = re.sub(r"\s", "", "".join(each.get_textpage().get_text_range() for each in pages))
    lines = [line for cell in solved.cells if cell.cell_type == "code" for line in cell.source.split("\n")]
    assert [line for line in lines if not is_in(re.sub(r"\s", "", line), found)] == []
    assert [number for number in range(26) if f"cell{number}" not in found] == []
    assert len(pages) < 20


def test_without_a_printer_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(printing, "browsers", lambda: iter(()))
    monkeypatch.setattr(printing, "find_spec", lambda _: None)
    with pytest.raises(PrintingError, match="install Chrome"):
        print_page("<p>x", tmp_path / "x.pdf")
    with pytest.raises(PrintingError, match="chromium is not installed"):
        print_page("<p>x", tmp_path / "x.pdf", "chromium")


@pytest.mark.parametrize("printer", PRINTERS)
def test_a_link_beside_the_notebook_is_replaced_and_not_followed(printer, tmp_path):
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "out.pdf").symlink_to(tmp_path / "kept")
    print_page("<p>x", tmp_path / "out.pdf", printer)
    assert (tmp_path / "kept").read_text() == "kept"
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")


def test_brackets_by_the_thousand_cost_no_time():
    started = time.process_time()
    markdown("![" * 40_000)
    first = time.process_time() - started
    markdown("![" * 10_000)
    assert time.process_time() - started - first > first / 20  # a square of four would be sixteen


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks a process for it")
def test_a_text_that_takes_too_long_is_said_to(tmp_path, monkeypatch):
    monkeypatch.setattr(laid_out, "SECONDS", 2.0)
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("$" * 9_000)])
    nbformat.write(notebook, tmp_path / "hw.ipynb")
    with pytest.raises(laid_out.LayoutError, match="cannot be laid out: reading it took more than 2 s"):
        pdf.print_notebook(tmp_path / "hw.ipynb", tmp_path / "x.pdf", author="", results=None, printer="auto")
