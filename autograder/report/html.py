"""The report as one page that needs nothing else: no script, no request, and no markup but its own."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from autograder.report import harmless, markdown_parser
from autograder.report.grouping import grouped, is_hidden
from autograder.results import Results


def render(results: Results, *, title: str, notebook_name: str) -> str:
    """The page's HTML."""
    return (
        _environment()
        .get_template("page.html.j2")
        .render(results=results, groups=grouped(results), title=title, notebook_name=notebook_name)
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("autograder.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"markdown": markdown, "points": lambda score: f"{score:g}"}
    environment.tests["hidden"] = is_hidden
    return environment


def _finalize(value: Any) -> Any:
    # Escaping comes after this and leaves Markup alone, so what is Markup must pass as it is.
    return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def markdown(text: str, *, inline: bool = False) -> Markup:
    """Markdown as HTML without links, pictures and raw HTML: what is a student's stays text."""
    parser = _parser()
    # Safe: with `html` off, markdown-it escapes every character that it did not write itself.
    return Markup(parser.renderInline(harmless(text)) if inline else parser.render(harmless(text)))


@cache
def _parser() -> MarkdownIt:
    parser = markdown_parser()
    # A wide table scrolls in a box of its own, by keyboard too, and stays a table for screen readers.
    parser.add_render_rule(
        "table_open", lambda *_: '<div class="wide" role="group" aria-label="Table" tabindex="0"><table>'
    )
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser
