"""A notebook as a page to print: every cell and output, with the result of the checks at the top."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.student.output import outputs
from autograder.student.output.beside import Beside
from autograder.student.output.grouping import grouped
from autograder.student.output.html import Block, environment
from autograder.student.output.mathematics import formula
from autograder.student.output.results import Results
from autograder.student.submission.notebook import text_of

SHORT = 16
"""How many lines of code and output stay on one page with their picture: more would leave a large gap before them."""
LONGEST_FOOTER = 90
MOST_TOGETHER = 2
"""The most pictures of a cell that stay on one page with its code."""
LAST_LINES = 6
"""How many lines that were printed before a picture stay with it."""
_TEXT = '<pre class="text">'
_NOT_PLAIN = re.compile(r"[^\w .,:()+-]")
"""Characters that a quoted text in a style sheet may not hold, or need not hold."""
_FORMULA = re.compile(r'<span data-formula="(\d+)"></span>')
_ATTACHED = re.compile(r"!\[([^\]]{0,500})\]\(attachment:([^)\s]{1,500})\)")


def page(
    content: Mapping[str, Any],
    *,
    title: str,
    author: str,
    results: Results | None,
    folder: Path | None = None,
    graded: bool = False,
) -> str:
    """The HTML of a notebook in format 4. It needs no other file, and nothing in it runs. `folder`: where pictures lie
    that the notebook's text names by their path. `graded`: whether the results are the grader's, or the student's
    own."""
    return (
        environment()
        .get_template("paper.html.j2")
        .render(
            blocks=list(blocks(content["cells"], Beside(folder))),
            title=title,
            footer=Markup(_NOT_PLAIN.sub(" ", title)[:LONGEST_FOOTER].strip()),
            author=author,
            graded=graded,
            results=results,
            groups=grouped(results) if results is not None else (),
            code_style=Markup(formatter().get_style_defs(".code")),
            foreign=_foreign(content["cells"]),
        )
    )


def title_of(content: Mapping[str, Any]) -> str:
    """The notebook's first heading; "" where it has none."""
    for cell in content["cells"]:
        text = text_of(cell.get("source")) if isinstance(cell, dict) and cell.get("cell_type") == "markdown" else ""
        if found := re.search(r"^#+ +(.+)$", text, re.MULTILINE):
            return found[1].strip("# ")
    return ""


def blocks(cells: list[Any], beside: Beside, marked: Mapping[str, Collection[int]] | None = None) -> Iterator[Block]:
    """The cells in order, without empty ones. `marked`: lines of code cells that are highlighted."""
    seen: Counter[str] = Counter()
    for cell in cells:
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        source = text_of(cell.get("source")) if kind in ("code", "markdown", "raw") else ""
        seen[str(kind)] += 1  # the numbers that verdicts use
        if kind == "markdown":
            html = markdown(source, cell.get("attachments"), beside)
            place = f"text cell {seen[kind]}"
            yield Block("markdown", html, place=place)
        elif kind == "code":
            made = tuple(filter(None, _with_pictures(outputs.rendered(cell.get("outputs"), beside))))
            count, place = cell.get("execution_count"), f"code cell {seen[kind]}"
            if source.strip() or made:
                yield Block(
                    "code",
                    _code(source, (marked or {}).get(place, ())),
                    made,
                    number=str(count) if isinstance(count, int) else " ",
                    place=place,
                    together=_is_short(source, made),
                )
        elif source.strip():
            yield Block("raw", outputs.text(source), place="raw")


def _with_pictures(made: Iterable[Markup]) -> Iterator[Markup]:
    """The outputs; each picture is on one page with the last lines that were printed before it."""
    text = Markup("")
    for output in made:
        head, tail = _split(text) if "<img" in output else (text, Markup(""))
        yield head
        text = output if output.startswith(_TEXT) else Markup("")
        if not text:
            yield Markup('<div class="together">{}{}</div>').format(tail, output) if tail else output
    yield text


def _split(text: Markup) -> tuple[Markup, Markup]:
    """A printed text in two parts: all but its last lines, and its last lines."""
    lines = text.split("\n")
    if len(lines) <= LAST_LINES:
        return Markup(""), text
    cut = len(lines) - LAST_LINES
    return Markup("\n".join(lines[:cut]) + "</pre>"), Markup(_TEXT + "\n".join(lines[cut:]))


def _is_short(source: str, made: Sequence[Markup]) -> bool:
    """Whether code, output and picture stay on one page."""
    printed = "".join(made)
    pictures = printed.count("<img")
    return 0 < pictures <= MOST_TOGETHER and source.count("\n") + printed.count("\n") < SHORT


def markdown(source: str, attachments: Any = None, beside: Beside | None = None) -> Markup:
    """Markdown with its formulas, and with the pictures that are in the file or beside it; a note stands in place of a
    picture that is missing."""
    formulas: list[Markup] = []
    source = _ATTACHED.sub(lambda found: _attached(found[1], found[2], attachments), source)
    html = outputs.clean(_parser().render(source, {"formulas": formulas}), beside)
    return Markup(_FORMULA.sub(lambda found: _of(formulas, int(found[1])), html))


def _of(formulas: list[Markup], number: int) -> str:
    return str(formulas[number]) if number < len(formulas) else ""


def _attached(alt: str, name: str, attachments: Any) -> str:
    held = attachments.get(name) if isinstance(attachments, dict) else None
    for mime, data in held.items() if isinstance(held, dict) else ():
        if mime in outputs.PICTURES:
            return str(outputs.picture(mime, text_of(data)))
    return f"![{alt}]({name})"


def _code(source: str, marked: Collection[int]) -> Markup:
    # Safe: pygments escapes the text.
    return Markup(highlight(outputs.printable(source), PythonLexer(stripnl=False), formatter(lines=marked)))


def formatter(style: str = "default", lines: Collection[int] = ()) -> Any:
    """The formatter for code in a style of pygments; `lines` are highlighted."""
    return HtmlFormatter(nowrap=True, style=style, hl_lines=list(lines))


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
    """Whether there is text in scripts for which a system may have no font: Chinese, Japanese, Korean, emoji."""
    return any(
        re.search("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U0001f000-\U0003ffff]", str(cell))
        for cell in cells
    )
