"""A class is not graded where its notebooks could reach files and processes that they should not, unless the user
agrees."""

import pytest

from autograder.staff.cli import exposing
from autograder.student.sandbox import starting
from tests.invoking import invoke


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "class" / "ada").mkdir(parents=True)
    (tmp_path / "class" / "ada" / "hw.ipynb").write_text("no notebook")
    return tmp_path


@pytest.fixture
def bare(monkeypatch):
    monkeypatch.setattr(starting, "exposed", lambda: ["namespaces: this machine gives none"])


def batch(folder, *options, **settings):
    return invoke(["batch", folder / "class", "--out", folder / "grades", *options], **settings)


def test_without_a_terminal_it_has_to_be_said(folder, bare):
    done = batch(folder)
    assert done.exit_code == 2
    assert "(namespaces: this machine gives none). `ps7 doctor` says how to get" in done.stderr
    assert "--sandbox best grades them all the same" in done.stderr
    assert not (folder / "grades").exists()
    assert batch(folder, "--sandbox", "best").exit_code == 0
    assert (folder / "grades" / "grades.csv").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 2), ("\n", 2)])
def test_at_a_terminal_it_is_asked(folder, bare, monkeypatch, answer, code):
    class Terminal:
        @staticmethod
        def isatty():
            return True

    monkeypatch.setattr(
        exposing, "sys", type("sys", (), {"stdin": Terminal, "stderr": Terminal, "exit": exposing.sys.exit})
    )
    done = batch(folder, input=answer)
    assert "Grade them all the same? [y/N]" in done.stderr
    assert done.exit_code == code
    assert (folder / "grades").exists() == (code == 0)


@pytest.mark.parametrize("options", [("--sandbox", "none"), ("--sandbox", "strict")])
def test_who_has_chosen_is_not_asked(folder, bare, options):
    assert "Grade them all the same" not in batch(folder, *options).stderr


def test_a_machine_that_has_all_is_not_asked(folder, monkeypatch):
    monkeypatch.setattr(starting, "exposed", list)
    assert batch(folder).exit_code == 0


def test_what_is_missing_is_found_out(monkeypatch):
    if not starting.can_confine():
        pytest.skip("only Linux confines anything")
    from autograder.guest import confinement
    from autograder.guest.confinement import landlock, namespaces, seccomp

    monkeypatch.setattr(confinement, "can_become", lambda _: False)
    monkeypatch.setattr(namespaces, "refusal", lambda _: "not here")
    monkeypatch.setattr(landlock, "refusal", lambda: "too old")
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "riscv64")
    found = starting.exposed()
    assert found == ["namespaces: not here", "landlock: too old", "seccomp: no table of system calls for riscv64"]
    monkeypatch.setattr(confinement, "can_become", lambda _: True)
    assert len(starting.exposed()) == 2
