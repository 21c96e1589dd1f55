"""What a guest cannot do, tried from inside. Each case is a line of Python whose value would be the loot."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from autograder.guest import processes
from autograder.guest.outcomes import Ended, Fault, Raised, Reply
from autograder.guest.processes import processes_of, usage_of
from autograder.student.output.results import decode
from autograder.student.sandbox.forking import Zygote
from autograder.student.sandbox.host import SandboxError
from autograder.student.sandbox.reservation import Reservation
from tests.sandbox.asking import program
from tests.sandbox.unprivileged import WITHOUT

PROBES = "tests.sandbox.asking"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def zygote(sandbox):
    return sandbox


@pytest.fixture(scope="module", autouse=True)
def everything_in_force(zygote):
    if absent := zygote.lacking.keys() - os.environ.get(WITHOUT, "").split():
        pytest.skip(f"this machine does not offer {', '.join(absent)}")


@pytest.fixture
def run(zygote):
    def _run(body, seconds=20.0):
        source = "import os, socket, signal, ctypes, threading\ndef value():\n" + "".join(
            f"    {line}\n" for line in body.split("\n")
        )
        with zygote.open(PROBES, program(source), seconds) as session:
            return session.ask("call", {})

    return _run


REFUSED = {
    "the bank": f"return open('{ROOT}/autograder/ps7/staff/banks/hidden.json').read(10)",
    "the reference": f"return open('{ROOT}/reference/clip.py').read(10)",
    "the rubric": f"return open('{ROOT}/autograder/ps7/staff/rubric.toml').read(10)",
    "the judge as a module": "import autograder.student.grading.judge\nreturn 1",
    "the reference as a module": "import reference.autoencoder\nreturn 1",
    "the tests": f"return os.listdir('{ROOT}/tests')",
    "a user's sockets": "os.listdir('/run')\nreturn 1",
    "passwords": "return open('/etc/shadow').read(10)",
    "the environment of another process": "return open(f'/proc/{os.getppid()}/environ').read(10)",
    "the memory of another process": "return open(f'/proc/{os.getppid()}/mem', 'rb').read(1)",
    "the list of processes": "return os.listdir('/proc')",
    "other temporary files": "return os.listdir('/tmp')",
    "root's home": "return os.listdir('/root')",
    "TCP": "return socket.socket(socket.AF_INET).fileno()",
    "TCP over IPv6": "return socket.socket(socket.AF_INET6).fileno()",
    "UDP": "return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).fileno()",
    "netlink": "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).fileno()",
    "packets": "return socket.socket(socket.AF_PACKET, socket.SOCK_RAW).fileno()",
    "an abstract socket of another process": "s = socket.socket(socket.AF_UNIX)\ns.connect('\\0ps7-test')\nreturn 1",
    "a signal to the zygote": "os.kill(os.getppid(), 0)\nreturn 1",
    "a signal to init": "os.kill(1, 0)\nreturn 1",
    "a file in /tmp": "return os.write(os.open('/tmp/ps7-loot', os.O_CREAT | os.O_WRONLY), b'x')",
    "a file in /dev/shm": "return open('/dev/shm/ps7-loot', 'w').write('x')",
    "a file beside the grader": f"return os.write(os.open('{ROOT}/autograder/json.py', os.O_CREAT | os.O_WRONLY), b'x')",
    "a package": "import numpy\nreturn os.write(os.open(numpy.__file__, os.O_WRONLY), b'x')",
    "root": "os.setuid(0)\nreturn 1",
    "another user": "os.setresuid(1000, 1000, 1000)\nreturn 1",
    "a device": "os.mknod('device', 0o600 | 0o020000, os.makedev(1, 1))\nreturn 1",
    "a link to the bank": f"os.link('{ROOT}/autograder/ps7/staff/banks/hidden.json', 'mine')\nreturn open('mine').read(10)",
    "a symbolic link to the bank": f"os.symlink('{ROOT}/autograder/ps7/staff/banks/hidden.json', 'mine')\nreturn open('mine').read(10)",
    "higher limits": "import resource\nresource.setrlimit(resource.RLIMIT_NPROC, (9999, 9999))\nreturn 1",
    "a huge allocation": "return len(bytearray(64 << 30))",
    "a huge file": "f = open('big', 'wb')\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nfor _ in range(200):\n    f.write(bytes(1 << 20))\nreturn 1",
    "a namespace": "return _call(272, 0x10000000)",
    "ptrace": "return _call(101, 0, 0, 0, 0)",
    "io_uring": "return _call(425, 1, 0)",
    "bpf": "return _call(321, 0, 0, 0)",
    "keys": "return _call(250, 0, 0)",
    "the memory of the parent by a system call": "return _call(310, os.getppid(), 0, 0, 0, 0, 0)",
    "a change of root": "os.chroot('.')\nreturn 1",
    "a named socket": "s = socket.socket(socket.AF_UNIX)\ns.connect('nowhere')\nreturn 1",
    "a name for a socket": "s = socket.socket(socket.AF_UNIX)\ns.bind('mine')\nreturn 1",
    "a datagram to a name": "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\nreturn s.sendto(b'x', 'nowhere')",
    "a file in flight": "a, b = socket.socketpair()\nsocket.send_fds(a, [b'x'], [0])\nreturn 1",
    "the zygote's limits": "import resource\nresource.prlimit(os.getppid(), resource.RLIMIT_DATA, (1, 1))\nreturn 1",
    "the limits of the first process": "import resource\nresource.prlimit(1, resource.RLIMIT_CPU)\nreturn 1",
    "the zygote's priority": "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)\nreturn 1",
    "its user's priority": "os.setpriority(os.PRIO_USER, 0, 19)\nreturn 1",
    "the zygote's processors": "os.sched_setaffinity(os.getppid(), {0})\nreturn 1",
    "the zygote's scheduler": "os.sched_setscheduler(os.getppid(), os.SCHED_IDLE, os.sched_param(0))\nreturn 1",
    "the zygote's priority of input and output": "return _call(251, 1, os.getppid(), 3 << 13)",
    "rules of its own": "return _call(444, 0, 0, 1)",
    "a filter of its own": "libc = ctypes.CDLL(None, use_errno=True)\nlibc.prctl(22, 2, 0)\nraise OSError(ctypes.get_errno(), 'x') if ctypes.get_errno() == 1 else KeyError",
    "memory without a file for several processes": "import mmap\nreturn mmap.mmap(-1, 4096)",
    "such memory of a device": "return open('/dev/zero', 'rb').read(1)",
    "a life after its parent's": "libc = ctypes.CDLL(None, use_errno=True)\nlibc.prctl(1, 0)\nraise OSError(ctypes.get_errno(), 'x') if ctypes.get_errno() == 1 else KeyError",
    "a 32-bit system call": "return _call(0x40000000 + 39)",
}
CALL = """
def _call(*numbers):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(*(ctypes.c_long(number) for number in numbers))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
"""


@pytest.mark.parametrize("loot", REFUSED)
def test_refused(loot, zygote):
    source = (
        "import os, socket, signal, ctypes\n"
        + CALL
        + "def value():\n"
        + "".join(f"    {line}\n" for line in REFUSED[loot].split("\n"))
    )
    with socket_of_another_process(), zygote.open(PROBES, program(source), 20.0) as session:
        outcome = session.ask("call", {})
    no_name = {"FileNotFoundError"} if "mounts" in zygote.layers else set()
    if no_name and isinstance(outcome, Fault):  # a package that is not there
        assert outcome.package
        return
    assert isinstance(outcome, Raised), outcome
    assert outcome.kind in no_name | {
        "PermissionError",
        "MemoryError",
        "OSError",
        "ValueError",
        "ModuleNotFoundError",
        "ConnectionRefusedError",
    }, outcome


DONE = {
    "its own limits": "import resource\n    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n    return 1",
    "its own priority": "os.nice(1)\n    os.setpriority(os.PRIO_PROCESS, 0, 19)\n    return 1",
    "its own processors": "os.sched_setaffinity(0, os.sched_getaffinity(0))\n    return 1",
    "a pair of sockets": "a, b = socket.socketpair()\n    a.sendall(b'x')\n    return len(b.recv(9))",
    "copies of files": "import shutil\n    open('a', 'w').write('x')\n    shutil.copy2('a', 'b')\n    os.chmod('b', 0)\n"
    "    os.utime('b', (1, 1))\n    return int(os.stat('b').st_mtime > 1 and os.access('b', os.R_OK))",
    "an archive of files": "import tarfile\n    open('a', 'w').write('x')\n    t = tarfile.open('t.tar', 'w')\n    t.add('a')\n    t.close()\n"
    "    tarfile.open('t.tar').extractall('out', filter='data')\n    return len(open('out/a').read())",
    "threads": "import threading\n    t = threading.Thread(target=print)\n    t.start()\n    t.join()\n    return 1",
    "an event loop": "import asyncio\n    return asyncio.run(asyncio.sleep(0, 1))",
}


@pytest.mark.parametrize("deed", DONE)
def test_what_means_no_harm_works(deed, zygote):
    source = f"import os, socket\ndef value():\n    {DONE[deed]}"
    with zygote.open(PROBES, program(source), 20.0) as session:
        assert session.ask("call", {}) == Reply(facts={"value": 1}, arrays={})


ASKING = {
    "itself": "timer_create(1)",
    "a thread": "t = threading.Thread(target=timer_create)\nt.start()\nt.join()\nraise seen[0]",
    "a child": "pid = os.fork()\nif not pid:\n    timer_create()\n    os._exit(0)\nos.waitpid(pid, 0)\nraise OSError(1, os.strerror(1))",
    "what ends with it": "timer_create()\nos.abort()",
}


@pytest.fixture
def hear(zygote):
    def _hear(body):
        source = (
            "import os, ctypes, platform, threading, time\nseen = []\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "def timer_create(raising=0):\n"
            "    libc.syscall(222 if platform.machine() == 'x86_64' else 107, 1, 0, 0)\n"
            "    seen.append(OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno())))\n"
            "    if raising:\n        raise seen[0]\n"
            "def value():\n" + "".join(f"    {line}\n" for line in body.split("\n"))
        )
        with zygote.open(PROBES, program(source), 20.0) as session:
            return session.ask("call", {}), session.ask("call", {})

    return _hear


@pytest.mark.parametrize("who", ASKING)
def test_a_call_that_no_table_lists_is_no_fault_of_the_student(who, hear):
    for outcome in hear(ASKING[who]):
        assert isinstance(outcome, Fault), outcome
        assert "refused timer_create, which" in outcome.reason


def test_what_does_without_it_is_judged(hear):
    assert hear("timer_create()\nreturn seen[0].errno")[0] == Reply(facts={"value": 1}, arrays={})
    assert isinstance(hear("timer_create()\nreturn {}['x']")[0], Raised)
    assert isinstance(hear("timer_create()\nopen('/etc/shadow')")[0], Raised)
    assert isinstance(hear("timer_create()\nos._exit(3)")[0], Ended)
    assert isinstance(hear("os.setresuid(1, 1, 1)")[0], Raised)


def test_calls_without_end_hold_up_nobody(hear):
    asking = "end = time.monotonic() + 2\ndef ask():\n    while time.monotonic() < end:\n        timer_create()\n"
    outcome, again = hear(asking + "[threading.Thread(target=ask).start() for _ in range(9)]\nask()\nreturn 1")
    assert outcome == again == Reply(facts={"value": 1}, arrays={})


class socket_of_another_process:  # noqa: N801
    def __enter__(self):
        import socket

        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.bind("\0ps7-test")
            self.socket.listen()
        except OSError:  # the tests' other worker has it
            pass

    def __exit__(self, *_):
        self.socket.close()


ALLOWED = {
    "a file in its own folder": "return open('x', 'w').write('abc')",
    "a temporary file": "import tempfile\nwith tempfile.TemporaryFile() as f:\n    return f.write(b'abc')",
    "a thread": "seen = []\nt = threading.Thread(target=lambda: seen.append(3))\nt.start()\nt.join()\nreturn seen[0]",
    "a child": "pid = os.fork()\nif not pid:\n    os._exit(3)\nreturn os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])",
    "a pair of sockets": "one, other = socket.socketpair()\none.send(b'abc')\nreturn len(other.recv(9))",
    "a module of the standard library": "import wave, sqlite3, xml.dom.minidom\nreturn 3",
    "a checkpoint": "import torch\ntorch.save({'a': 3}, 'best.pt')\nreturn torch.load('best.pt')['a']",
    "randomness": "return len(os.urandom(3))",
}


@pytest.mark.parametrize("need", ALLOWED)
def test_allowed(need, run):
    assert run(ALLOWED[need]) == Reply(facts={"value": 3}, arrays={})


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGSTOP)", "still running"),
        ("os.kill(-1, signal.SIGKILL)", ""),
        ("while True:\n    try:\n        os.fork()\n    except OSError:\n        pass", "stopped"),
        (
            "for number in range(1, 65):\n    try:\n        signal.signal(number, signal.SIG_IGN)\n    except (OSError, ValueError):\n        pass\nwhile True:\n    pass",
            "still running",
        ),
        ("import re\nre.match('(a+)+$', 'a' * 60 + 'b')", "still running"),
        ("keep = []\nwhile True:\n    keep.append(os.urandom(1 << 24))", ""),
        (
            "n = 0\nwhile True:\n    n += 1\n    with open(f'{n}', 'wb') as f:\n        f.write(bytes(1 << 22))",
            "of files",
        ),
        ("os.closerange(0, 256)\nimport time\ntime.sleep(60)", ""),
        ("import atexit, sys\natexit.register(lambda: os._exit(0))\nsys.exit()", ""),
        (
            "threading.Thread(target=lambda: [0 for x in iter(int, 1) if x]).start()\nimport time\ntime.sleep(60)",
            "still running",
        ),
        (
            "for n in range(3000):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)\nsignal.pause()",
            "wrote more than 256 MB of files",
        ),
        (
            "files = []\nfor n in range(10):\n    files.append(open('f', 'wb'))\n    os.unlink('f')\n"
            "    files[-1].write(bytes(60 * 2**20))\nsignal.pause()",
            "wrote more than 256 MB of files",
        ),
        ("os.makedirs('a/b')\nopen('a/b/c', 'w').close()\nos.chmod('a/b', 0)\nos.chmod('a', 0)", ""),
        (
            "import socket\nfor _ in range(30):\n    if not os.fork():\n"
            "        pairs = [socket.socketpair() for _ in range(240)]\n        signal.pause()\nsignal.pause()",
            "more than 1536 MB of memory",
        ),
    ],
)
def test_harm_ends_with_its_session(harm, words, zygote):
    source = "import os, signal, threading\ndef value():\n" + "".join(f"    {line}\n" for line in harm.split("\n"))
    started = time.monotonic()
    with zygote.open(PROBES, program(source), 2.0) as session:
        outcome = session.ask("call", {})
        scratch = session._guest.scratch
    assert time.monotonic() - started < 30
    if words:
        assert isinstance(outcome, Ended)
        assert words in outcome.reason
    deadline = time.monotonic() + 20  # deep folders are removed while grading goes on
    while (zygote.guests() or Path(scratch).exists()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not zygote.guests()
    assert not Path(scratch).exists()
    with zygote.open(PROBES, program("value = 1"), 20.0) as session:
        assert session.ask("value", {}) == Reply(facts={"value": 1}, arrays={})


@pytest.fixture
def killer(zygote):
    if "uid" not in zygote.layers:
        pytest.skip("the kernel ends what a namespace holds")
    [killer] = processes_of(zygote.reservation.killer)
    return killer


def test_a_killer_that_is_gone_is_replaced(zygote, killer):
    with zygote.open(PROBES, program(), 20.0) as session:
        session.ask("leave_a_child_behind", {})
        os.kill(killer, signal.SIGKILL)
    assert not zygote.guests()
    assert len(processes_of(zygote.reservation.killer)) == 1


def test_no_guest_can_stop_the_killer(killer, run):
    assert run(f"os.kill({killer}, signal.SIGSTOP)").kind == "PermissionError"


def test_no_guest_changes_the_modes_and_times_of_its_users_files(tmp_path, run):
    file = tmp_path / "theirs.ipynb"
    file.write_text("{}")
    before = file.stat()
    for deed in (f"os.chmod('{file}', 0)", f"os.utime('{file}', (1, 1))", f"os.chown('{file}', 1, 1)"):
        assert isinstance(run(f"{deed}\nreturn 1"), Raised | Reply)
    assert (file.stat().st_mode, file.stat().st_mtime) == (before.st_mode, before.st_mtime)


def test_a_guest_is_taken_first_when_memory_runs_out_and_dies_with_the_zygote(zygote):
    with zygote.open(PROBES, program(), 20.0):
        [pid] = zygote.guests()
        assert Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "1000"
        status = Path(f"/proc/{pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
        assert "Groups:\t \n" in status or "Groups:\t\n" in status


def test_strict_refuses_where_a_layer_is_missing(rubric, monkeypatch):
    with Zygote(rubric.environment, "strict") as zygote:
        assert zygote.layers
        zygote._ready["trial"]["landlock"] = "no such system call"
        with pytest.raises(SandboxError, match=r"landlock \(no such system call\)"):
            zygote.open(PROBES, program(), 5.0)


def test_children_do_not_outlive_their_session(zygote):
    with zygote.open(PROBES, program(), 20.0) as session:
        session.ask("leave_a_child_behind", {})
        assert len(zygote.guests()) == 2
    assert not zygote.guests()


GRADER = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from autograder.student.sandbox.starting import start
from tests.sandbox.asking import program
with start("autograder.ps7.guest.environment") as sandbox:
    session = sandbox.open({PROBES!r}, program(), 60.0)
    session.ask("leave_a_child_behind", {{}})
    print(sandbox.reservation.folder, sandbox.pid, *sandbox.guests(), flush=True)
    session.ask("sleep", {{}})
"""


def test_nothing_outlives_a_grader_that_is_killed():
    with subprocess.Popen([sys.executable, "-c", GRADER], stdout=subprocess.PIPE, text=True) as grader:
        folder, *pids = grader.stdout.readline().split()
        started = psutil.Process(grader.pid).children(recursive=True)
        assert len(pids) == 3
        assert {int(pid) for pid in pids} <= {each.pid for each in started}
        grader.kill()
    deadline = time.monotonic() + 10
    while any(map(is_living, started)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(is_living, started))
    Reservation().close()
    while Path(folder).exists() and time.monotonic() < deadline:  # where a test beside this one is at it
        time.sleep(0.02)
    assert not Path(folder).exists()


def is_living(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_signal_to_the_grader_while_a_program_loads_leaves_no_guest(zygote):
    def interrupt(*_):
        raise KeyboardInterrupt  # and not OSError, which would look like a process that has ended

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            zygote.open(PROBES, program("while True: pass"), 20.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not zygote.guests()


@pytest.mark.slow
def test_what_a_tree_of_processes_shares_is_counted(zygote, run):
    """Fill, fork, and fill the same pages again: no process then has much memory that it shares with no other."""
    filling = "pages, children = bytearray(600 * 2**20), 0\nfor _ in range(5):\n    if os.fork(): signal.pause()\n"
    filling += "    pages[::4096] = bytes([children % 256]) * len(pages[::4096])\n    children += 1\nsignal.pause()"
    ended = run(filling)
    assert isinstance(ended, Ended)
    assert "more than 1536 MB of memory" in ended.reason


def test_where_the_kernel_does_not_tell_what_is_shared_the_zygotes_part_is_taken_off(monkeypatch):
    own = os.getpid()
    resident = usage_of([own], 2**60, shared=own).memory
    assert usage_of([own] * 9, 2**60, shared=own).memory > 8 * resident
    real = processes._figures

    def refusing(path, *names):
        if path.endswith("smaps_rollup"):
            raise PermissionError
        return real(path, *names)

    monkeypatch.setattr(processes, "_figures", refusing)
    assert usage_of([own] * 9, 1, shared=own).memory < 1.5 * resident
    assert usage_of([own], 1, shared=1).memory > 0


def test_many_threads_are_served_last(zygote, run):
    busy = "for _ in range(30): threading.Thread(target=lambda: [0 for x in iter(int, 1) if x], daemon=True).start()\n"
    looking = "import time\nuntil = time.monotonic() + {seconds}\n"
    looking += "while os.getpriority(os.PRIO_PROCESS, 0) == 0 and time.monotonic() < until: time.sleep(0.05)\n"
    looking += "return os.getpriority(os.PRIO_PROCESS, 0)"
    assert run(busy + looking.format(seconds=10)) == Reply(facts={"value": 19}, arrays={})
    assert run(looking.format(seconds=1)) == Reply(facts={"value": 0}, arrays={})


def test_the_guest_sees_nothing_of_the_graders_environment(zygote):
    with zygote.open(PROBES, program(), 20.0) as session:
        reply = session.ask("environment", {})
    assert not {"GRADER_SECRET", "VIRTUAL_ENV", "PWD"} & set(reply.facts["names"])
    assert len(reply.facts["files"]) == 4  # three standard streams, and the connection


@pytest.mark.slow
def test_a_terminated_grader_leaves_results_and_no_guest(tmp_path):
    notebook = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "metadata": {}, "outputs": [], '
    notebook += (
        '"execution_count": null, "source": "class Encoder:\\n    def __init__(self):\\n        while True: pass"}]}'
    )
    (tmp_path / "hw.ipynb").write_text(notebook)
    out = tmp_path / "results.json"
    command = [
        Path(sys.executable).with_name("ps7"),
        "grade",
        tmp_path / "hw.ipynb",
        "--out",
        out,
        "--sandbox",
        "strict",
    ]
    grader = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    looks = 0  # for longer than the trial of the layers takes
    while looks < 6 and grader.poll() is None and time.monotonic() < deadline:
        guests = [each for each in psutil.Process(grader.pid).children(recursive=True) if is_guest(each)]
        looks = looks + 1 if guests else 0
        time.sleep(0.05)
    assert guests, (grader.poll(), decode(out.read_bytes()))
    grader.send_signal(signal.SIGTERM)
    assert grader.wait(timeout=30) == 143
    assert decode(out.read_bytes()).max_score == 10.0
    deadline = time.monotonic() + 5
    while any(map(is_living, guests)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(is_living, guests))


def is_guest(process):
    try:
        return Path(f"/proc/{process.pid}/oom_score_adj").read_text() == "1000\n"
    except OSError:
        return False
