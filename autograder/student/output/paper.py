"""A notebook as a page to print: every cell and output, with the result of the checks on top."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.student.output import outputs
from autograder.student.output.grouping import grouped
from autograder.student.output.html import environment
from autograder.student.output.mathematics import formula
from autograder.student.output.results import Results
from autograder.student.submission.notebook import text_of

SHORT = 30
"""Lines of code that stay on one page with their picture."""
_PROBLEM = re.compile(r"\s*#{1,3} +(problem|report|question|exercise|part|task)\b", re.IGNORECASE)
_FORMULA = re.compile(r'<span data-formula="(\d+)"></span>')
_ATTACHED = re.compile(r"!\[([^\]]{0,500})\]\(attachment:([^)\s]{1,500})\)")


class Block(msgspec.Struct, frozen=True):
    """One cell on the page."""

    kind: str
    html: Markup
    outputs: tuple[Markup, ...] = ()
    number: str = ""
    """In brackets before the code, as the notebook shows it."""
    starts: bool = False
    """Begins a problem, and so a page."""
    together: bool = False
    """Short enough to stay on one page with its outputs."""


def page(content: Mapping[str, Any], *, title: str, author: str, results: Results | None) -> str:
    """The HTML of a notebook in format 4. It needs nothing else, and nothing in it runs."""
    return (
        environment()
        .get_template("paper.html.j2")
        .render(
            blocks=list(_blocks(content["cells"])),
            title=title,
            author=author,
            results=results,
            groups=grouped(results) if results is not None else (),
            code_style=Markup(_formatter().get_style_defs(".code")),
            foreign=_foreign(content["cells"]),
        )
    )


def title_of(content: Mapping[str, Any]) -> str:
    """The notebook's first heading, "" where it has none."""
    for cell in content["cells"]:
        text = text_of(cell.get("source")) if isinstance(cell, dict) and cell.get("cell_type") == "markdown" else ""
        if found := re.search(r"^#+ +(.+)$", text, re.MULTILINE):
            return found[1].strip("# ")
    return ""


def _blocks(cells: list[Any]) -> Iterator[Block]:
    for cell in cells:
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        source = text_of(cell.get("source")) if kind in ("code", "markdown", "raw") else ""
        if kind == "markdown":
            yield Block("markdown", markdown(source, cell.get("attachments")), starts=bool(_PROBLEM.match(source)))
        elif kind == "code":
            made = tuple(each for each in outputs.rendered(cell.get("outputs")) if each)
            count = cell.get("execution_count")
            if source.strip() or made:
                yield Block(
                    "code",
                    _code(source),
                    made,
                    number=str(count) if isinstance(count, int) else " ",
                    together=bool(made) and source.count("\n") < SHORT and "<img" in "".join(made),
                )
        elif source.strip():
            yield Block("raw", outputs.text(source))


def markdown(source: str, attachments: Any = None) -> Markup:
    """Markdown with its formulas, and with the pictures that are in the file; where one is not, a note says so."""
    formulas: list[Markup] = []
    source = _ATTACHED.sub(lambda found: _attached(found[1], found[2], attachments), source)
    html = outputs.clean(_parser().render(source, {"formulas": formulas}))
    return Markup(_FORMULA.sub(lambda found: _of(formulas, int(found[1])), html))


def _of(formulas: list[Markup], number: int) -> str:
    return str(formulas[number]) if number < len(formulas) else ""


def _attached(alt: str, name: str, attachments: Any) -> str:
    held = attachments.get(name) if isinstance(attachments, dict) else None
    for mime, data in held.items() if isinstance(held, dict) else ():
        if mime in outputs.PICTURES:
            return str(outputs.picture(mime, text_of(data)))
    return f"![{alt}]({name})"


def _code(source: str) -> Markup:
    # Safe: pygments escapes what it is given.
    return Markup(highlight(outputs.printable(source), PythonLexer(stripnl=False), _formatter()))


@cache
def _formatter() -> Any:
    return HtmlFormatter(nowrap=True, style="default")


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])
    parser.use(dollarmath_plugin, allow_space=True, allow_digits=False, double_inline=True).use(amsmath_plugin)

    def put(_: Any, tokens: Any, index: int, __: Any, held: dict[str, list[Markup]]) -> str:
        token = tokens[index]
        held["formulas"].append(formula(token.content, display=token.type != "math_inline"))
        return f'<span data-formula="{len(held["formulas"]) - 1}"></span>'

    for kind in ("math_inline", "math_inline_double", "math_block", "math_block_label", "amsmath"):
        parser.add_render_rule(kind, put)
    return parser


def _foreign(cells: list[Any]) -> bool:
    """Whether there is text in scripts for which a system may have no letters: Chinese, Japanese, Korean, emoji."""
    return any(
        re.search("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U0001f000-\U0003ffff]", str(cell))
        for cell in cells
    )
