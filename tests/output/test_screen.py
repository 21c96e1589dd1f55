"""No text that a student chose controls a terminal, or is read as markup."""

import ast
import io
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograder.student.commands.console import Working
from autograder.student.output import screen
from autograder.student.output.placing import place, place_text
from autograder.student.output.results import is_harmless

ROOT = Path(screen.__file__).parents[2]
NASTY = "\x1b[31m\x1b]0;owned\x07\x9b2J[/] [red]x[/b] :smile: \u202eevil\x00\x7f"


def shown(put):
    text = io.StringIO()
    put(screen.into(text, 200))
    return text.getvalue()


def in_a_table(words):
    table = Table(words)
    table.add_row(words)
    return table


@pytest.mark.parametrize("form", [Text, lambda words: Padding(Text(words), 1), in_a_table])
@given(words=st.one_of(st.text(st.characters(codec="utf-8"), max_size=20), st.just(NASTY)))
def test_no_text_is_an_order_whatever_it_is_printed_as(form, words):
    assert all(is_harmless(each) for each in shown(lambda console: console.print(form(words))))


def test_brackets_are_brackets():
    assert "[/] [red]x[/b] :smile:" in shown(lambda console: console.print(Text(NASTY)))
    assert "[/] [red]x[/b] :smile:" in shown(lambda console: console.print(in_a_table("[/] [red]x[/b] :smile:")))


def test_what_is_going_on_may_have_any_words():
    with Working("re.sub('[/]', x)") as progress:
        progress.say(NASTY)


def test_an_answer_is_given_letter_for_letter(capsys):
    screen.say("a\tb" + "x" * 500 + NASTY)
    out = capsys.readouterr().out
    assert out.startswith("a\tb" + "x" * 500 + "[31m]0;owned")
    assert all(map(is_harmless, out))


def test_an_answer_for_scripts_says_the_same(capsys):
    screen.say_json(json.dumps({"a": NASTY}, ensure_ascii=False))
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": NASTY}
    assert all(map(is_harmless, out))


def test_nothing_else_writes_to_a_terminal():
    others = []
    for path in ROOT.rglob("*.py"):
        if path.name in {"screen.py", "watched.py", "install.py"} or {"guest", "cells", "serving"} & {
            *path.parts
        }:  # a student's
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "rich.console":
                others.append(path)
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in {"print", "typer.echo", "click.echo", "sys.stdout.write", "sys.stderr.write"}:
                others.append((path, node.lineno))
    assert not others


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_file_is_placed_where_its_name_says(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("kept")
    os.symlink(target, link)
    place(link, b"new")
    assert (target.read_text(), link.read_bytes(), link.is_symlink()) == ("kept", b"new", False)
    place_text(tmp_path / "deep" / "er", "a\ud800b")
    assert (tmp_path / "deep" / "er").read_text() == "a?b"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "link", "target"]


def test_where_nothing_can_be_placed_nothing_is_left(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        place(tmp_path / "folder", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
