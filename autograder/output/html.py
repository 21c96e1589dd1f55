"""The report as one page that needs nothing else, or as a table inside a notebook: no script, no request, and no markup
but its own."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from autograder.output.grouping import grouped, is_unchecked, seen
from autograder.output.results import Results


def render(results: Results, *, title: str, notebook_name: str) -> str:
    """The page's HTML."""
    return (
        environment()
        .get_template("page.html.j2")
        .render(results=results, groups=grouped(results), title=title, notebook_name=notebook_name)
    )


def table(results: Results) -> str:
    """The checks as a part of a page, for the output of a notebook's cell."""
    return environment().get_template("table.html.j2").render(results=results, groups=grouped(results))


@cache
def environment() -> Environment:
    """Of the pages' templates."""
    made = Environment(
        loader=PackageLoader("autograder.output", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"seen": seen, "markdown": markdown, "points": lambda score: f"{score:g}"}
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
