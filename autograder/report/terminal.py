"""The report in the terminal."""

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.markdown import Markdown
from rich.segment import Segment, Segments
from rich.text import Text
from rich.theme import Theme

from autograder.report import harmless, markdown_parser
from autograder.report.grouping import Group, grouped, is_hidden
from autograder.results import Results, Test

SYMBOLS = {True: ("✓", "✗", "·"), False: ("+", "x", "-")}
"""Right, wrong, remark; the second row for terminals without Unicode."""
PLAIN = str.maketrans("“”„‘’–—−•·×…─━│", '"""\'\'---*-x.--|')
"""For terminals without Unicode; a character for a character, so that columns stay."""
# Rich's own puts code on black, which is unreadable to look at on a light terminal.
THEME = Theme({"markdown.code": "cyan", "markdown.table.header": "bold", "markdown.table.border": "dim"})
NARROWEST = 24


def print_report(results: Results, console: Console, *, title: str) -> None:
    """What is wrong in full, what is right on a line each, and the points."""
    total = f"{results.score:g} of {results.max_score:g} points"
    groups = grouped(results)
    with console.use_theme(THEME):
        _print(console, Text(f"{harmless(title)}   {total}", style="bold"))
        _print(console, _overview(groups))
        above: Group | None = None
        for group in groups:
            if above is None or _speaks(above) or _speaks(group):  # those with nothing to say stand close together
                console.print()
            _print_group(group, console)
            above = group
        if results.output:
            console.print()
            _print(console, _markdown(results.output))
        console.print()
        _print(console, Text(f"{total}, in {results.execution_time:.1f} s", style="bold"))


def _overview(groups: list[Group]) -> Text:
    wrong = ", ".join(harmless(group.item) for group in groups if group.wrong)
    if wrong:
        return Text.assemble(("To do: ", "red"), wrong)
    return Text("Every check passes." if groups else "Nothing was checked.", style="green" if groups else "")


def _speaks(group: Group) -> bool:
    return bool(group.wrong or group.notes)


def _print_group(group: Group, console: Console) -> None:
    right, wrong, remark = SYMBOLS[_has_unicode(console)]
    style = "bold red" if group.wrong else "bold green"
    heading = (f"{harmless(group.number)}  {harmless(group.item)}", style)
    _print(console, Text.assemble(heading, f"   {group.score:g} of {group.max_score:g}"))
    several = [(wrong, "red", test) for test in group.wrong] + [(remark, "yellow", test) for test in group.notes]
    for index, (symbol, colour, test) in enumerate(several):
        height = _print_test(console, symbol, colour, test)
        if height > 1 and (group.right or index < len(several) - 1):  # a long message needs room below
            console.print()
    for test in group.right:
        _print_test(console, right, "green", test, style="dim")


def _print_test(console: Console, symbol: str, colour: str, test: Test, *, style: str = "") -> int:
    """The number of lines of its message."""
    line = Text(harmless(test.name).replace("`", ""))
    if test.max_score and test.score < test.max_score:
        line.append(f"  {test.score:g} of {test.max_score:g}", style="dim")
    if is_hidden(test):
        line.append("  (hidden until the due date)", style="dim")
    _print(console, line, mark=Segment(f"  {symbol} ", console.get_style(colour)))
    return _print(console, _markdown(test.output, style), mark=Segment("    ")) if test.output else 0


def _print(console: Console, renderable: RenderableType, *, mark: Segment | None = None) -> int:
    """Prints lines without blanks at their ends, behind a mark and as far in as that is wide; returns how many."""
    width = mark.cell_length if mark else 0
    options = console.options.update(width=max(console.width - width, NARROWEST))
    lines = [_stripped(line) for line in console.render_lines(renderable, options, pad=False)]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    for number, line in enumerate(lines):
        first = [mark if number == 0 else Segment(" " * width)] if mark and line else []
        segments = _fitting([*first, *line], console)
        console.print(Segments(segments), soft_wrap=True)
    return len(lines)


def _stripped(line: list[Segment]) -> list[Segment]:
    kept = list(line)
    while kept and not kept[-1].text.strip():
        kept.pop()
    return [*kept[:-1], Segment(kept[-1].text.rstrip(), kept[-1].style)] if kept else []


def _fitting(line: Iterable[Segment], console: Console) -> list[Segment]:
    """The line in characters that the console's encoding has."""
    if _has_unicode(console):
        return list(line)
    encoding = console.encoding
    return [
        Segment(text.translate(PLAIN).encode(encoding, "replace").decode(encoding), style) for text, style, _ in line
    ]


def _has_unicode(console: Console) -> bool:
    return "utf" in console.encoding.lower()


def _markdown(text: str, style: str = "") -> RenderableType:
    shown = Markdown("", style=style or "none", code_theme="ansi_light", hyperlinks=False)
    # Rich's own parser makes links and pictures and drops HTML; a student's text has to stay as it is.
    shown.parsed = markdown_parser().parse(harmless(text))
    return shown
