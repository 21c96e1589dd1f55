"""The same promises for a user who is not root: the tests of this folder and the hostile corpus, run by nobody."""

import subprocess
import sys

import pytest

from tests.sandbox.unprivileged import ROOT, SKIPPED

if sys.platform != "linux":
    pytest.skip("only Linux confines anything", allow_module_level=True)

AS_NOBODY = [sys.executable, "-m", "tests.sandbox.unprivileged"]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
LOOKING = """
import sys
from autograder.student.sandbox.starting import start
from tests.sandbox.asking import program

with start("autograder.ps7.guest.environment", sys.argv[1]) as sandbox:
    with sandbox.open("tests.sandbox.asking", program(), 20.0) as session:
        session.ask("leave_a_child_behind", {})
        print(len(sandbox.guests()))
    print(len(sandbox.guests()), *sandbox.lacking.items())
"""


def done(*command):
    result = subprocess.run([*AS_NOBODY, *command], capture_output=True, text=True, check=False, cwd=ROOT)
    if result.returncode == SKIPPED:
        pytest.skip(result.stderr.strip())
    return result


def test_namespaces_keep_guests_from_everything_else():
    result = done(*PYTEST, "tests/sandbox/test_confinement.py", "-k", "refused or outlive or changes", "-rs")
    assert result.returncode == 0, result.stdout
    assert "SKIPPED" not in result.stdout


def test_without_namespaces_landlock_and_the_filter_keep_the_rest():
    result = done(
        "--bare", *PYTEST, "tests/sandbox/test_confinement.py", "-k", "refused or harm or changes or call", "-rs"
    )
    assert result.returncode == 0, result.stdout
    assert "SKIPPED" not in result.stdout


def test_where_there_are_none_the_results_say_so_and_nothing_is_left():
    result = done("--bare", sys.executable, "-c", LOOKING, "best")
    assert result.stdout.splitlines()[0] == "2", result.stderr
    assert result.stdout.splitlines()[1].startswith("0 ('namespaces', 'this machine gives no")
    result = done("--bare", sys.executable, "-c", LOOKING, "strict")
    assert "lacks namespaces (this machine gives no more namespaces" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("bare", [[], ["--bare"]], ids=["namespaces", "none"])
@pytest.mark.parametrize(
    "module", ["sandbox/test_confinement.py", "sandbox/test_sandbox.py", "authoring/test_hostile.py"]
)
def test_all_attacks_fail(module, bare):
    # Without namespaces `strict` is refused, and all processes of nobody count against each limit.
    chosen = ["-k", "not strict and not terminated and not neighbour"] if bare else ["-n", "2"]
    result = done(*bare, *PYTEST, *chosen, f"tests/{module}")
    assert result.returncode == 0, result.stdout
