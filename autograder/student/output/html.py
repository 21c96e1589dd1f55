"""The report as one page that needs nothing else, or as a table inside a notebook: no request, no script and no markup
but its own."""

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
    """Such as "code cell 7", as a verdict names it."""
    together: bool = False
    """Short enough to stay on one page with its outputs."""


def render(
    results: Results, *, title: str, notebook_name: str, blocks: Sequence[Block] = (), code_style: str = ""
) -> str:
    """The page's HTML; with the notebook's blocks each item stands below the cell that it is about."""
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
    """What a template needs for a page with one of our scripts: the text, and the digest by which the page's policy
    lets this one run and no other."""
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    return {"script": Markup(text), "digest": base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}


def table(results: Results) -> str:
    """The checks as a part of a page, for the output of a notebook's cell."""
    return environment().get_template("table.html.j2").render(results=results, groups=grouped(results))


@cache
def environment() -> Environment:
    """Of the pages' templates."""
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
    """Tables that say themselves that they align to the left, for where a style sheet is left out."""
    # Safe: nothing but the style of our own parser's tags changes.
    return Markup(re.sub(r"<(td|th)>", r'<\1 style="text-align:left">', str(html)))


def markdown(text: str, *, inline: bool = False) -> Markup:
    """Markdown as HTML without links, pictures and raw HTML: what is a student's stays text."""
    parser = _parser()
    # Safe: with `html` off, markdown-it escapes every character that it did not write itself.
    return Markup(parser.renderInline(text) if inline else parser.render(text))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    return parser.disable(
        ["link", "image", "autolink", "reference", "html_inline", "html_block", "heading", "lheading"]
    )
