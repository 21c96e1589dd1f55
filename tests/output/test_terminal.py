"""The report in the terminal: it says everything, and reads none of a student's text as markup."""

import io

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from autograder.student.output.results import FIRST, LACKING
from autograder.student.output.terminal import print_report
from tests.output.reports import mixed


def shown(results, width=80, encoding="utf-8"):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    print_report(results, Console(file=file, width=width), title="Problem Set 7")
    file.flush()
    return file.buffer.getvalue().decode(encoding)


def test_everything_is_said():
    text = shown(mixed())
    for words in (
        "Problem Set 7   2.5 of 3 points",
        "7.1.1  Encoder  encoder   0.5 of 1",
        "✗ Wrong thing  0 of 0.5",
        "Wrong: the shape.",
        "· Remark",
        "Costs nothing.",
        "✓ Right thing",
        "✓ Later  (hidden until the due date)",
        "Code cell 3 was not run.",
        "2.5 of 3 points, in 4.2 s",
    ):
        assert words in text
    assert text.index("Wrong thing") < text.index("Right thing")


def test_a_terminal_without_unicode():
    assert "x Wrong thing" in shown(mixed("Plain."), encoding="latin-1")


def test_markup_of_rich_stays_text():
    assert "[red]danger[/red] [link=http://a]" in shown(mixed("`[red]danger[/red] [link=http://a]`"))


@given(st.text(max_size=200))
def test_no_control_character_reaches_the_terminal(message):
    text = shown(mixed(message))
    assert not {character for character in text if ord(character) < 32} - {"\n"}
    assert "\x7f" not in text
    assert "\x9b" not in text


def test_lines_fit_a_narrow_terminal():
    assert all(len(line) <= 60 for line in shown(mixed("word " * 100), width=60).split("\n"))


def test_what_is_to_be_said_first_stands_on_top_and_once():
    first = "This notebook is written in another language."
    made = mixed()
    both = msgspec.structs.replace(
        made, output=f"{first}\n\n{made.output}", extra_data={**made.extra_data, FIRST: first}
    )
    text = shown(both)
    assert text.count(first) == 1
    assert text.index(first) < text.index("7.1.1") < text.index("Code cell 3 was not run.")


def test_the_last_line_names_the_layers_that_are_not_there():
    made = mixed()
    confined = {"sandbox": ["rlimits", "seccomp"]}
    all_there = msgspec.structs.replace(made, extra_data={**made.extra_data, **confined})
    assert shown(all_there).rstrip().endswith("(its code ran confined by 2 layers)")
    lacking = msgspec.structs.replace(made, extra_data={**made.extra_data, **confined, LACKING: ["landlock", "uid"]})
    assert "confined by 2 layers, without landlock, uid)" in " ".join(shown(lacking, width=200).split())
