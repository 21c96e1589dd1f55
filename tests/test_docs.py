"""What docs/instructor.md tells to do can be done, and links lead somewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = [
    line.strip()
    for block in re.findall(
        r"^ *```sh\n(.*?)^ *```$", (ROOT / "docs/instructor.md").read_text(), re.MULTILINE | re.DOTALL
    )
    for line in block.strip().split("\n")
]
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("ps7 ")])
def test_a_command_of_the_instructors_guide_works(command):
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *shlex.split(command)[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_all_other_commands_are_targets_of_make_or_the_shells_own():
    assert COMMANDS
    for command in COMMANDS:
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
