"""The report as one page that needs no other file, or as a table inside a notebook: no request, no script of others,
and no markup but its own."""

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from autograder.student.output.drawing import in_the_page, pictures_of, polylines
from autograder.student.output.grouping import brief, details, grouped, is_unchecked, seen
from autograder.student.output.results import Results, said_below

ROOM = "autograder.student.output"


class Block(msgspec.Struct, frozen=True):
    """One cell of a notebook on a page."""

    kind: str
    """"code", "markdown" or "raw"."""
    html: Markup
    outputs: tuple[Markup, ...] = ()
    number: str = ""
    """In brackets before the code, as the notebook shows it."""
    place: str = ""
    """Its name in verdicts, such as "code cell 7"."""
    together: bool = False
    """Whether it is short enough to stay on one page with its outputs."""


def render(
    results: Results, *, title: str, notebook_name: str, blocks: Sequence[Block] = (), code_style: str = ""
) -> str:
    """The page's HTML. With the notebook's blocks, each item stands below the cell that it is about."""
    groups = grouped(results)
    template = environment().get_template("page.html.j2")
    return template.render(
        results=results,
        groups=groups,
        title=title,
        notebook_name=notebook_name,
        blocks=blocks,
        code_style=Markup(code_style),
        **(script("page.js") if any(group.cell for group in groups) else {"script": ""}),
    )


def script(name: str, package: str = ROOM) -> dict[str, object]:
    """The values that a template needs for a page with one of our scripts: the script, and its digest, by which the
    page's policy lets this script run and no other."""
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    return {"script": Markup(text), "digest": base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}


def table(results: Results) -> str:
    """The checks as a part of a page, for the output of a notebook's cell."""
    return environment().get_template("table.html.j2").render(results=results, groups=grouped(results))


@cache
def environment() -> Environment:
    """The environment of the pages' templates."""
    made = Environment(
        loader=PackageLoader(ROOM, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"below": said_below, "seen": seen, "markdown": markdown, "points": lambda score: f"{score:g}"}
    made.filters |= {"brief": brief, "details": details, "pictures": pictures_of, "in_the_page": in_the_page}
    made.filters["left"] = _left
    made.globals |= {"polylines": polylines}
    made.tests["unchecked"] = is_unchecked
    return made


def _left(html: Markup) -> Markup:
    """Tables that state their left alignment themselves, for a place where the style sheet is left out."""
    # Safe: it only changes the style of tags that our own parser wrote.
    return Markup(re.sub(r"<(td|th)>", r'<\1 style="text-align:left">', str(html)))


def markdown(text: str, *, inline: bool = False) -> Markup:
    """Markdown as HTML without links, pictures and raw HTML: a student's text stays text."""
    parser = _parser()
    # Safe: with `html` off, markdown-it escapes every character that it did not write itself.
    return Markup(parser.renderInline(text) if inline else parser.render(text))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    return parser.disable(
        ["link", "image", "autolink", "reference", "html_inline", "html_block", "heading", "lheading"]
    )
