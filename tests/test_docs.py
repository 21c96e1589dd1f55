"""Everything that docs/instructor.md tells readers to do works, and links lead somewhere."""

import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.cli.instructor import new_app
from autograder.staff.course.policy import Policy
from autograder.student.grading.rubric import load
from autograder.student.invocation import command_line
from autograder.student.submission.locating import MAX_BYTES

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
    """The lines of its blocks, without prompts and comments."""
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
"""In the middle of a sentence."""


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
"""Commands that wait for ever, or train for an hour (tests/ps7/serving has that in small)."""


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


CALIBRATION = msgspec.json.decode((PS7.folder / "staff" / "datasets" / "composed.calibration.json").read_bytes())
TRAINED = Counter(each["item"] for each in CALIBRATION["power"].values())
SHOWN = Counter(each["item"] for each in CALIBRATION["power"].values() if each["seen"])
EXPECTED = [
    (each["figure"], key, each[key])
    for item in msgspec.toml.decode((PS7.folder / "student" / "report.toml").read_bytes())["items"].values()
    for each in item["expected"]
    for key in ("least", "most", "by")
    if key in each and each[key] != 100
]
BANDS = {(figure, key): value for figure, key, value in EXPECTED}
RUBRIC = load(PS7)
ORDINALS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
FIGURES = [
    ("README.md", r"The (\w+) items have", ORDINALS[len(RUBRIC.items)]),
    ("README.md", r"items have (\w+) points in all", ORDINALS[round(RUBRIC.points)]),
    ("docs/instructor.md", r"Enter (\d+) points", round(RUBRIC.points)),
    ("docs/verdicts.md", r"has (\d+) right submissions", len([*(PS7.corpus / "correct").iterdir()])),
    ("docs/verdicts.md", r"may differ from the reference's by\n([\d.]+) of the largest", RUBRIC.tolerance),
    ("docs/items.md", r"loses ([\d.]+) points on `projection_head`", RUBRIC.item("projection_head").checks[1].points),
    ("docs/items.md", r"Method I lies between (\d+) and", BANDS["method_1", "least"]),
    ("docs/items.md", r"Method I lies between \d+ and (\d+)", BANDS["method_1", "most"]),
    ("docs/items.md", r"Method II is at least (\d+)", BANDS["method_2", "least"]),
    ("docs/items.md", r"CLIP is at least (\d+)", BANDS["clip", "least"]),
    ("docs/items.md", r"at least (\d+) points above", BANDS["clip", "by"]),
    ("docs/accuracies.md", r"(\d+) of the misconceptions were trained", sum(TRAINED.values())),
    *(("docs/accuracies.md", rf"^\| {item} \| (\d+) \|", count) for item, count in TRAINED.items()),
    *(("docs/accuracies.md", rf"^\| {item} \| \d+ \| (\d+) \|", SHOWN[item]) for item in TRAINED),
    ("docs/accuracies.md", r"\(the limit is (\d+) MB a file\)", MAX_BYTES // 2**20),
]
"""The figures on pages, and the same figures in the code or in recorded data."""


@pytest.mark.parametrize(("page", "pattern", "figure"), FIGURES, ids=lambda each: str(each)[:50])
def test_a_figure_of_a_page_is_that_of_the_code(page, pattern, figure):
    [said] = re.findall(pattern, (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert str(said) == str(figure) or float(said) == pytest.approx(figure)


def test_the_settings_that_are_shown_are_the_defaults():
    """config.toml says this about itself."""
    shown = msgspec.toml.decode((ROOT / "gradescope" / "config.toml").read_bytes())
    default = msgspec.to_builtins(Policy())
    assert shown.pop("reproduce") == "composed"  # the exception that its comment names
    for name, value in shown.items():
        assert (value == default[name]) if not isinstance(value, dict) else (default[name] | value == default[name])
    points = re.findall(r"^# (\w+) = (\d+)$", (ROOT / "gradescope" / "config.toml").read_text(), re.MULTILINE)
    assert {name: float(value) for name, value in points if name != "details_per_day"} == {
        item.name: item.points for item in RUBRIC.items
    }
