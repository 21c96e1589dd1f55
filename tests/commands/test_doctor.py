"""The doctor says truly what this machine has, and what to do where something is missing."""

import msgspec
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.commands import doctor
from autograder.staff.commands.doctor import Finding, examine, is_well, print_findings
from autograder.student.grading.rubric import load
from autograder.student.output.screen import screen
from autograder.student.sandbox.host import SandboxError
from tests.invoking import invoke

RUBRIC = load(PS7)


def named(findings):
    return {each.name: each for each in findings}


@pytest.fixture(scope="module")
def here():
    return named(examine(PS7, RUBRIC))


def test_every_layer_is_there_with_what_it_keeps(here, sandbox):
    for name in (*sandbox.layers, *sandbox.lacking):
        assert here[name].says.startswith(doctor.KEEPS[name])
        assert here[name].works == (name in sandbox.layers)


def test_what_does_not_work_says_what_to_do(here):
    assert [each.name for each in here.values() if not each.works and each.needed and not each.remedy] == []


def test_what_is_here_is_told(here):
    assert here["torch"].says.startswith("2.")
    assert here["hidden answers"].works
    assert "MB are free" in here["/tmp"].says


def test_where_nothing_can_be_confined(monkeypatch):
    monkeypatch.setattr(doctor, "can_confine", lambda: False)
    found = named(examine(PS7, RUBRIC))
    assert not found["all layers"].works
    assert "WSL" in found["all layers"].remedy
    assert not is_well(list(found.values()))


def test_where_no_sandbox_starts(monkeypatch):
    def refuse(*_):
        raise SandboxError("there is no /proc")

    monkeypatch.setattr(doctor, "start", refuse)
    found = named(examine(PS7, RUBRIC))
    assert found["all layers"].says == "No sandbox starts here: there is no /proc."


def test_a_layer_that_this_machine_lacks(monkeypatch):
    class Started:
        layers, lacking = ("rlimits",), {"landlock": "the kernel has none"}

        def __enter__(self):
            return self

        def __exit__(self, *_): ...

    monkeypatch.setattr(doctor, "start", lambda *_: Started())
    found = named(examine(PS7, RUBRIC))
    assert "Not here: the kernel has none." in found["landlock"].says
    assert "Linux 5.13" in found["landlock"].remedy
    assert found["rlimits"].remedy == ""


def test_a_package_that_is_optional_is_no_reason_to_worry(monkeypatch):
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    found = named(examine(PS7, RUBRIC))
    assert found["distributed"].says.startswith("It is not installed, for `batch")
    assert found["distributed"].remedy.startswith("Install the grader with its extra `cluster`")
    assert is_well(list(found.values()))


def test_the_table(capsys):
    findings = [
        Finding("confinement", "landlock", False, True, "It keeps files. Not here: none.", "Get a kernel."),
        Finding("packages", "distributed", False, False, "It is not installed."),
        Finding("packages", "torch", True, True, "2.15"),
    ]
    print_findings(findings, screen())
    printed = capsys.readouterr().out
    assert "✗  landlock" in printed
    assert "-  distributed" in printed
    assert "✓  torch" in printed
    assert "Something is missing or wrong: landlock." in printed


def test_the_command_gives_json_and_an_exit_code():
    done = invoke(["doctor", "--json"])
    found = msgspec.json.decode(done.stdout, type=list[Finding])
    assert {each.group for each in found} == {"confinement", "resources", "packages", "extras"}
    assert done.exit_code == (0 if is_well(found) else 1)
