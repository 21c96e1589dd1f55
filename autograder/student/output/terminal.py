"""The report in the terminal."""

from rich.markdown import Markdown
from rich.padding import Padding
from rich.text import Text

from autograder.student.output.called import Command
from autograder.student.output.grouping import Group, brief, details, grouped, is_unchecked, seen
from autograder.student.output.results import FIRST, LACKING, UNREADABLE, Results, Test, said_below
from autograder.student.output.screen import Screen

SYMBOLS = {True: ("✓", "✗", "·"), False: ("+", "x", "-")}
"""Marks for right, wrong and remark; the second row is for terminals without Unicode."""


def print_report(results: Results, console: Screen, *, title: str) -> None:
    """Shows in full what is wrong, one line for each item that is right, and the points."""
    total = f"{results.score:g} of {results.max_score:g} points"
    console.print(Text.assemble((title, "bold"), "   ", (total, "bold")))
    if first := results.extra_data.get(FIRST):
        console.print(Text())
        console.print(_markdown(first))
    for group in grouped(results):
        console.print(Text())
        _print_group(group, console)
    if (below := said_below(results)) and UNREADABLE not in results.extra_data:
        console.print(Text())
        console.print(_markdown(below))
    console.print(Text())
    line = Text(f"{total}, in {results.execution_time:g} s", style="bold")
    if "sandbox" in results.extra_data:
        layers, lacking = results.extra_data["sandbox"], results.extra_data.get(LACKING, [])
        confined = f"confined by {len(layers)} layers" if layers else "unconfined"
        confined += f", without {', '.join(lacking)}" if layers and lacking else ""
        line.append(f"  (its code ran {confined})", style="not bold dim")
    console.print(line)


def _print_group(group: Group, console: Screen) -> None:
    right, wrong, remark = SYMBOLS["utf" in console.encoding.lower()]
    style = "bold green" if not group.wrong else "bold red"
    name = (f"  {group.item}", "dim") if group.item != group.title else ""
    heading = (f"{group.number}  {group.title}", style), name, f"   {group.score:g} of {group.max_score:g}"
    console.print(Text.assemble(*heading))
    for test in group.wrong:
        console.print(_line("?", "yellow", test) if is_unchecked(test) else _line(wrong, "red", test))
        if test.output:
            console.print(Padding(_markdown(brief(test)), (0, 0, 1, 4)))
        if more := details(test):
            console.print(Padding(_markdown(more, style="dim"), (0, 0, 1, 4)))
    for test in group.notes:
        console.print(_line(remark, "yellow", test))
        console.print(Padding(_markdown(test.output), (0, 0, 1, 4)))
    if group.cell is not None:
        command = f"{Command.name} check --show {group.cell.extra_data['item']}"
        console.print(Text(f"  {remark} {group.cell.name}: {command}", style="dim"))
    for test in group.right:
        console.print(_line(right, "green", test))
        if test.output:
            console.print(Padding(_markdown(test.output), (0, 0, 0, 4)))


def _line(symbol: str, style: str, test: Test) -> Text:
    line = Text.assemble("  ", (symbol, style), f" {test.name.replace('`', '')}")
    if who := seen(test):
        line.append(f"  ({who})", style="dim")
    if test.max_score and test.score < test.max_score:
        line.append(f"  {test.score:g} of {test.max_score:g}", style="dim")
    return line


def _markdown(text: str, style: str = "none") -> Markdown:
    # Without hyperlinks, so that a student's text cannot become a link.
    return Markdown(text, hyperlinks=False, style=style)
