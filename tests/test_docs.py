"""What docs/instructor.md tells to do can be done, and links lead somewhere."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.cli.instructor import new_app
from autograder.student.invocation import command_line

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "student_template" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
STANDS_FOR = {
    "their_notebook.ipynb": "solution.ipynb",
    "my_notebook.ipynb": "solution.ipynb",
    "ps7.ipynb": "solution.ipynb",
    "/content/drive/MyDrive/Colab Notebooks/ps7.ipynb": "solution.ipynb",
    "NOTEBOOK": "solution.ipynb",
    "ITEM": "encoder",
    "PAGE": "page.html",
    "reference/solution.ipynb": "solution.ipynb",
}


def fenced(page):
    """The lines of its blocks, without prompts and remarks."""
    for block in re.findall(r"^ *```\w*\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.split("\n"):
            yield re.sub(r"\s+# .*", "", line).strip().removeprefix("$ ").removeprefix("!")


SHELL = [line for line in fenced(ROOT / "docs/instructor.md") if line]
# The recipe of development.md is carried out by test_recipe.py.
RUN = {
    line
    for page in PAGES
    if page.name != "development.md"
    for line in fenced(page)
    if re.match(r"(ps7-environment/bin/)?ps7 ", line)
}
NAMED = {
    " ".join(text.split())
    for page in PAGES
    for text in re.findall(
        r"`(ps7 [^`]+)`", re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    )
}
"""In the midst of a sentence."""


@pytest.fixture
def folder(tmp_path):
    shutil.copy(ROOT / "reference" / "solution.ipynb", tmp_path)
    shutil.copytree(ROOT / "gradescope", tmp_path / "gradescope")
    (tmp_path / "build").mkdir()
    subprocess.run(
        [sys.executable, "-m", "autograder", "grade", "solution.ipynb", "--out", "build/results.json"],
        cwd=tmp_path,
        check=True,
    )
    return tmp_path


ENDLESS = ("--watch", "run ")
"""What waits for ever, or trains for an hour (tests/ps7/serving has that in small)."""


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(line for line in RUN if not any(word in line for word in ENDLESS)))
def test_a_command_of_a_page_works(command, folder):
    words = [STANDS_FOR.get(word, word) for word in shlex.split(command)[1:]]
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", sorted(RUN | NAMED))
def test_a_command_that_is_named_is_there_with_its_options(command):
    words = [word for word in shlex.split(command)[1:] if word != "..."]
    place = command_line(PS7, new_app(PS7))
    while words and hasattr(place, "commands"):
        assert words[0] in place.commands or words[0].startswith("-"), command
        place = place.commands.get(words.pop(0), place)
    options = {name for parameter in place.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= options | {"--help", "--version"}, command


def test_all_other_commands_are_targets_of_make_or_the_shells_own():
    assert SHELL
    for command in SHELL:
        program, argument, *_ = command.split()
        assert program in ("ps7", "export") or (program == "make" and argument in TARGETS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page):
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)]+)\)", prose):
        if not target.startswith("http"):
            path, _, heading = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            assert file.exists(), target
            if heading:
                titles = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
                assert heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, target
