"""The page needs no other file, and everything that a student writes stays text."""

import re
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.student.output.html import render, table
from autograder.student.output.results import FIRST, Results, Test, from_verdicts
from tests.output.reports import mixed, verdict

TAGS = {"html", "head", "meta", "title", "style", "body", "header", "h1", "p", "small", "nav", "ol", "li", "a", "span"}
TAGS |= {"progress", "main", "section", "h2", "h3", "article", "div", "ul", "footer"}
IN_MESSAGES = {
    "p",
    "ul",
    "ol",
    "li",
    "code",
    "pre",
    "strong",
    "em",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "br",
    "hr",
    "blockquote",
}


class Reader(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = set(), [], "", []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += attributes
        if tag not in {"meta", "br", "hr"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in {"meta", "br", "hr"}:  # a line's end in markdown is <br />
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def page(message="Wrong: the shape.", name="ps7.ipynb"):
    return Reader(render(mixed(message), title="Problem Set 7", notebook_name=name))


def test_everything_is_said():
    text = " ".join(page().text.split())
    for words in (
        "Problem Set 7",
        "2.5 of 3 points",
        "ps7.ipynb",
        "7.1.1",
        "Encoder",
        "encoder",
        "Wrong: the shape.",
        "Costs nothing.",
    ):
        assert words in text
    for words in ("Right thing", "hidden until the due date", "Code cell 3 was not run.", "Graded in 4.2 s."):
        assert words in text


HOSTILE = [
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![picture](http://example.org/a.png)",
    "<http://example.org>",
    "[a]: http://example.org\n\n[a]",
    "</div></article><img src=x onerror=alert(1)>",
    "`</code><b>`",
    "| <i> | [x](y) |\n|---|---|\n| <script> | & |",
    "&lt;script&gt;",
    "{{ 7 * 7 }} {% raw %}",
    "# heading\n\nheading\n===",
]


@pytest.mark.parametrize("message", HOSTILE)
def test_hostile_text_stays_text(message):
    read = page(message, name=message)
    assert read.tags <= TAGS | IN_MESSAGES
    assert all(value.startswith("#item-") for name, value in read.attributes if name == "href")
    assert not [name for name, _ in read.attributes if name.startswith("on") or name == "src"]
    assert "49" not in read.text


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=300))
def test_any_text_makes_a_whole_page(message):
    read = page(message)
    assert not read.open
    assert read.tags <= TAGS | IN_MESSAGES
    assert all(value.startswith("#item-") for name, value in read.attributes if name == "href")


def test_the_page_asks_for_nothing():
    text = render(mixed(), title="t", notebook_name="n")
    assert "default-src 'none'" in text
    assert "http://" not in text
    assert "https://" not in text
    assert "url(" not in text
    assert "<script" not in text


def with_a_cell():
    cell = Test(
        number="1.1.9",
        name="A cell",
        score=0.0,
        max_score=0.0,
        status="passed",
        output="```python\nprint('</script>')\n```",
        extra_data={"item": "encoder", "check": "cell"},
    )
    return render(Results(score=0.0, tests=(cell,)), title="t", notebook_name="n")


def test_a_cell_can_be_copied_by_a_script_of_ours_alone():
    text = with_a_cell()
    assert text.count("<script") == text.count("</script") == 1
    assert "script-src 'sha256-" in text


def test_what_is_to_be_said_first_stands_on_top_and_once():
    first = "Is it the notebook of <another> assignment?"
    made = mixed()
    both = msgspec.structs.replace(
        made, output=f"{first}\n\n{made.output}", extra_data={**made.extra_data, FIRST: first}
    )
    text = Reader(render(both, title="t", notebook_name="n")).text
    assert text.count(first) == 1
    assert text.index(first) < text.rindex("encoder") < text.index("Code cell 3 was not run.")


@pytest.mark.parametrize("show", [lambda results: render(results, title="t", notebook_name="n"), table])
def test_details_are_folded_below_what_is_read_first(show):
    text = show(from_verdicts([verdict(message="The stride is 1.\n\nWrong: b.", details="Wrong: b.")]))
    assert text.count("Wrong: b.") == 1
    assert text.index("The stride is 1.") < text.index("<details") < text.index("Wrong: b.") < text.index("</details")


def test_every_cell_of_a_table_in_a_notebook_says_that_it_is_aligned_to_the_left():
    rows = "| layer | expected |\n|---|---|\n| 1 | conv |\n"
    text = table(from_verdicts([verdict(message=rows, details="")]))
    assert len(re.findall(r"<t[dh]\b", text)) == len(re.findall(r'<t[dh] style="text-align:left"', text)) > 5
