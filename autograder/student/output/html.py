"""The report as one page that needs nothing else, or as a table inside a notebook: no request, no script and no markup
but its own."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from autograder.student.output.drawing import in_the_page, pictures_of, polylines
from autograder.student.output.grouping import grouped, is_unchecked, seen
from autograder.student.output.results import Results, said_below

ROOM = "autograder.student.output"


def render(results: Results, *, title: str, notebook_name: str) -> str:
    """The page's HTML."""
    groups = grouped(results)
    template = environment().get_template("page.html.j2")
    return template.render(
        results=results,
        groups=groups,
        title=title,
        notebook_name=notebook_name,
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
    made.filters |= {"pictures": pictures_of, "in_the_page": in_the_page}
    made.globals |= {"polylines": polylines}
    made.tests["unchecked"] = is_unchecked
    return made


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
