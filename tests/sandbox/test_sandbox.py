"""The host with guests that answer, raise, die, hang and flood, forked and plain. Every session after a bad one
works."""

import re
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

import autograder
from autograder.guest import supervision
from autograder.guest.outcomes import Ended, Fault, Missing, Raised, Reply
from autograder.student.sandbox import host
from autograder.student.sandbox.host import SandboxError
from autograder.student.sandbox.starting import can_confine, start
from tests.sandbox.asking import program

PROBES = "tests.sandbox.asking"
ENVIRONMENT = "autograder.ps7.guest.environment"


KINDS = ["best", "none"] if can_confine() else ["none"]


@pytest.fixture(scope="module", params=KINDS, ids=["forked", "plain"][-len(KINDS) :])
def either(request, sandbox):
    if request.param == "best":
        yield sandbox
    else:
        with start(ENVIRONMENT, "none") as plain:
            yield plain


@pytest.fixture
def ask(either):
    return partial(asked, either)


def asked(sandbox, cells, probe, seconds=20.0, **arguments):
    with sandbox.open(PROBES, program(*cells), seconds) as session:
        return session.ask(probe, arguments)


# After its end a plain guest is started again, which takes seconds.
SLOW_PLAIN = [KINDS[0], *(pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS[1:])]
ENDING = pytest.mark.parametrize("either", SLOW_PLAIN, indirect=True)


def test_a_reply_brings_facts_and_arrays(ask):
    assert ask(["value = 6 * 7"], "value") == Reply(facts={"value": 42}, arrays={})
    assert ask([], "arrays", size=3).arrays["ones"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("probe", "arguments"), [("nowhere", {}), ("value", {"surplus": 1}), ("forget", {}), ("not_plain", {})]
)
def test_a_mistake_of_the_probe_is_a_fault_and_no_exception_of_the_students(ask, probe, arguments):
    answer = ask(["value = 1"], probe, **arguments)
    assert isinstance(answer, Fault)
    assert answer.trace.startswith("Traceback")


def test_what_a_probe_does_with_the_notebooks_objects_is_the_notebooks(ask):
    assert ask(["value = 1"], "use") == Raised(kind="TypeError", text="'int' object is not callable")


def test_a_missing_name_is_no_exception_of_the_students(ask):
    assert ask(["other = 1"], "value") == Missing(name="value")


def test_a_name_whose_statement_failed_is_missing_for_that_reason(ask):
    outcome = ask(["value = 1 / 0"], "value")
    assert isinstance(outcome, Missing)
    assert outcome.cause.kind == "ZeroDivisionError"
    assert outcome.cause.where == "code cell 1, line 1"


def test_statements_run_out_of_order_find_each_other(ask):
    assert ask(["value = base + 1", "base = 1"], "value") == Reply(facts={"value": 2}, arrays={})


def test_an_exception_names_the_line_in_the_students_cell(ask):
    outcome = ask(["import torch", "\n\ndef value():\n    x = torch.zeros(2, 3)\n    return x @ x"], "call")
    assert isinstance(outcome, Raised)
    frame = outcome.frames[-1]
    assert (frame.cell, frame.line, frame.source, frame.function) == ("code cell 2", 5, "return x @ x", "value")
    assert frame.shapes == {"x": "(2, 3)"}


@pytest.mark.parametrize("text", ["raise SystemExit(0)", "raise KeyboardInterrupt", "raise GeneratorExit"])
def test_exceptions_that_end_programs_are_only_exceptions(ask, text):
    assert isinstance(ask([f"def value():\n    {text}"], "call"), Raised)


UNASKED = """
import gc, socket
from autograder.guest.answering import answer
from autograder.guest.outcomes import ReplyHeader
def value():
    for each in gc.get_objects():
        if isinstance(each, socket.socket) and each.fileno() > 2:
            answer(each, "0" * 32, ReplyHeader(facts={"value": "forged"}))
    return "honest"
"""


@pytest.mark.skipif(not can_confine(), reason="a student's own machine needs no protection from the student")
def test_an_answer_to_another_question_is_not_taken_for_one(sandbox):
    outcome = asked(sandbox, [UNASKED], "call")
    assert isinstance(outcome, Ended)
    assert "an answer to another question" in outcome.reason


@ENDING
@pytest.mark.parametrize(
    ("probe", "arguments", "reason"),
    [
        ("leave", {"code": 0}, "ended the Python process (exit code 0)"),
        ("leave", {"code": 3}, "ended the Python process (exit code 3)"),
        ("crash", {}, "crashed (SIGSEGV)"),
        ("flood", {}, "interfered with the grader's own messages"),
        ("arrays", {"size": 2_000_000}, "interfered with the grader's own messages"),
    ],
)
def test_a_guest_that_dies_or_floods_is_told_so(ask, probe, arguments, reason):
    outcome = ask([], probe, **arguments)
    assert isinstance(outcome, Ended)
    assert reason in outcome.reason


@ENDING
def test_a_hang_ends_at_the_deadline_and_stays_ended(either):
    with either.open(PROBES, program("value = 1"), 1.0) as session:
        started = time.monotonic()
        first = session.ask("sleep", {})
        assert time.monotonic() - started < 3
        assert first == session.ask("value", {})
    assert "still running after 1 s" in first.reason


@ENDING
def test_a_loop_without_end_is_told_where_it_was(either):
    text = (
        "\ndef value():\n    while True:\n        try:\n            pass\n        except Exception:\n            pass"
    )
    with either.open(PROBES, program("import math", text), 1.5) as session:
        first = session.ask("call", {})
        assert first == session.ask("call", {})
    found = re.fullmatch(
        r"the code was still running after 2 s and was stopped in code cell 2, line (\d)", first.reason
    )
    assert found
    assert 3 <= int(found[1]) <= 7


def test_who_ends_in_time_is_not_interrupted(ask):
    text = "import time\ndef value():\n    time.sleep(0.3)\n    return 1"
    assert ask([text], "call", seconds=1.0) == Reply(facts={"value": 1}, arrays={})


def test_an_exception_whose_text_is_no_utf_8_is_told(ask):
    outcome = ask(["def value():\n    raise ValueError('caf\\udce9')"], "call")
    assert isinstance(outcome, Raised)
    assert outcome.text == "caf?"


def test_facts_whose_text_is_no_utf_8_are_told(ask):
    assert ask(["value = ['a', ('caf\\udce9', {'\\udce9': 1})]"], "value").facts == {"value": ["a", ["caf?", {"?": 1}]]}


@ENDING
def test_a_definition_that_hangs_ends_too(either):
    with either.open(PROBES, program("import time; time.sleep(3600)"), 0.5) as session:
        assert isinstance(session.loaded, Ended)


def test_what_is_printed_leads_nowhere(ask):
    assert ask([], "shout") == Reply(facts={}, arrays={})


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_cannot_start_says_why(kind):
    with start("no.such.environment", kind) as broken, pytest.raises(SandboxError, match="No module named 'no'"):
        broken.open(PROBES, (), 1.0)


@pytest.fixture
def copied(tmp_path):
    """Another checkout of the grader."""
    shutil.copytree(Path(autograder.__file__).parent, tmp_path / "autograder", ignore=shutil.ignore_patterns("banks"))
    return tmp_path


@pytest.mark.parametrize("kind", SLOW_PLAIN)
def test_guests_run_the_copy_that_the_host_runs(kind, copied):
    text = "import autograder\nfrom autograder.student.sandbox.starting import start\n"
    text += f"with start({ENVIRONMENT!r}, {kind!r}) as sandbox: print(autograder.__file__, sandbox.unit > 0)"
    done = subprocess.run([sys.executable, "-c", text], cwd=copied, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(copied / "autograder" / "__init__.py"), "True"]


@pytest.mark.parametrize("kind", SLOW_PLAIN)
def test_guests_that_would_run_another_copy_are_refused(kind, copied, monkeypatch):
    monkeypatch.setattr(host, "OWN_FOLDER", str(copied))
    with start(ENVIRONMENT, kind) as sandbox, pytest.raises(SandboxError, match="another copy of the grader"):
        sandbox.open(PROBES, program("value = 1"), 10)


@pytest.mark.skipif(not can_confine(), reason="only Linux has control groups")
def test_a_guest_is_stopped_before_it_has_all_memory_of_its_container(monkeypatch):
    monkeypatch.setattr(supervision, "memory_limit", lambda: 640 * 2**20)
    text = "import os\nheld = []\nwhile True:\n    held.append(os.urandom(2**22))"
    with start(ENVIRONMENT) as sandbox, sandbox.open(PROBES, program(text), 60.0) as session:
        assert session.loaded == Ended(reason="the code used more than 400 MB of memory and was stopped")


def test_the_memory_of_guests_is_known_until_it_is_asked_for(sandbox):
    if not can_confine():
        pytest.skip("plain guests live on")
    peaks = []
    for megabytes in (0, 200, 0):
        sandbox.peak_memory()
        asked(sandbox, [f"value = len(bytearray({megabytes} << 20).replace(b'1', b''))"], "value")
        peaks.append(sandbox.peak_memory())
    assert peaks[1] > max(peaks[0], peaks[2]) + 150
    assert sandbox.peak_memory() == 0
