"""Plain guests: one process for many programs, each of which finds what the first one found."""

import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from autograder.guest.outcomes import Ended, Reply
from autograder.student.sandbox.starting import start
from tests.sandbox.asking import program

PROBES = "tests.sandbox.asking"
ENVIRONMENT = "autograder.ps7.guest.environment"
LEFT = {
    "a function of torch": ("import torch\ntorch.relu = lambda x: 7", "torch.relu(torch.ones(1)).tolist() == [1]"),
    "a method of torch's": (
        "import torch\ntorch.nn.Module.parameters = lambda self: iter(())",
        "len(list(torch.nn.Linear(2, 2).parameters())) == 2",
    ),
    "a method more": (
        "import torch\ntorch.nn.Module.size = lambda self: 1",
        "not hasattr(torch.nn.Module, 'size')",
    ),
    "a builtin function": ("import builtins\nbuiltins.sum = lambda _: 3", "sum([]) == 0"),
    "a name among the builtins": (
        "import builtins\ndef mine(): ...\nbuiltins.mine = mine",
        "not hasattr(builtins, 'mine')",
    ),
    "the default dtype": (
        "import torch\ntorch.set_default_dtype(torch.float64)",
        "torch.ones(1).dtype == torch.float32",
    ),
    "the default device": ("import torch\ntorch.set_default_device('meta')", "torch.ones(1).device.type == 'cpu'"),
    "no gradients": ("import torch\ntorch.set_grad_enabled(False)", "torch.is_grad_enabled()"),
    "determinism": (
        "import torch\ntorch.use_deterministic_algorithms(True)",
        "not torch.are_deterministic_algorithms_enabled()",
    ),
    "a hook for all modules": (
        "import torch\ntorch.nn.modules.module.register_module_forward_hook(lambda *_: torch.zeros(9))",
        "torch.nn.Linear(2, 2)(torch.ones(1, 2)).shape == (1, 2)",
    ),
    "a mode": (
        "import torch\nfrom torch.overrides import TorchFunctionMode\nclass Mode(TorchFunctionMode):\n"
        "    def __torch_function__(self, f, types, args=(), kwargs=None): return 7\nMode().__enter__()",
        "torch.ones(1).tolist() == [1]",
    ),
    "numpy's errors": (
        "import numpy as np\nnp.seterr(all='raise')",
        "np.geterr()['divide'] == 'warn'",
    ),
    "the path": ("import sys\nsys.path.insert(0, '/nowhere')", "'/nowhere' not in sys.path"),
    "the environment": ("import os\nos.environ['MINE'] = '1'", "'MINE' not in os.environ"),
    "the folder": ("import os\nos.mkdir('below')\nos.chdir('below')", "os.listdir('.') == []"),
    "a file": ("open('file', 'w').write('x')", "os.listdir('.') == []"),
    "a module of its own": (
        "open('helper.py', 'w').write('value = 1')\nimport sys\nsys.path.insert(0, '.')\nimport helper",
        "importlib.util.find_spec('helper') is None",
    ),
    "a module that is none": (
        "import sys, types\nsys.modules['os.fake'] = types.ModuleType('fake')",
        "'os.fake' not in sys.modules",
    ),
    "the depth of recursion": ("import sys\nsys.setrecursionlimit(90)", "sys.getrecursionlimit() >= 1000"),
    "no output": ("import sys\nsys.stdout = None", "sys.stdout is not None"),
    "a package used for real": (
        "import torchvision\nvalue = torchvision.transforms.ToTensor()",
        "isinstance(sys.modules.get('torchvision.transforms'), (type(None), __import__('autograder.guest.modules', fromlist=['x']).LazyModule))",
    ),
}


@pytest.fixture(scope="module")
def plain():
    with start(ENVIRONMENT, "none") as sandbox:
        yield sandbox


def run(sandbox, *cells, seconds=20.0):
    with sandbox.open(PROBES, program(*cells), seconds) as session:
        return session.ask("value", {})


@pytest.mark.parametrize("left", LEFT)
def test_nothing_is_left_for_the_next_program(left, plain):
    text, holds = LEFT[left]
    process = plain._guest.process.pid
    assert isinstance(run(plain, text + "\nvalue = 1"), Reply)
    imports = "import builtins, importlib.util, os, sys\nimport numpy as np\nimport torch"
    assert run(plain, imports, f"value = bool({holds})").facts["value"]
    assert plain._guest.process.pid == process


def test_a_package_can_be_used_for_real_again_and_again(plain):
    text = "import torchvision\nfrom PIL import Image\nvalue = torchvision.transforms.ToTensor()(Image.new('RGB', (2, 3))).numel()"
    assert [run(plain, text).facts["value"] for _ in range(3)] == [18] * 3


def test_a_thread_that_goes_on_ends_with_its_process(plain):
    process = plain._guest.process.pid
    run(
        plain,
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\nvalue = 1",
    )
    assert run(plain, "value = 2").facts["value"] == 2
    assert plain._guest.process.pid != process
    assert not psutil.pid_exists(process)


def test_a_child_that_goes_on_is_ended(plain):
    text = (
        "import subprocess, sys\nvalue = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid"
    )
    child = run(plain, text).facts["value"]
    assert run(plain, "value = 2").facts["value"] == 2
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("while True: pass", "still running after 1 s", marks=pytest.mark.slow),
        ("import os; os._exit(3)", "exit code 3"),
        pytest.param(
            "kept = [bytearray(b'1' * 100_000_000) for _ in range(40)]\nimport time; time.sleep(600)",
            "MB of memory",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "with open('f', 'wb') as f:\n    while True: f.write(bytes(100_000_000))",
            "MB of files",
            marks=pytest.mark.slow,
        ),
        pytest.param("import ctypes; ctypes.string_at(0)", "crashed", marks=pytest.mark.slow),
    ],
    ids=["an endless loop", "an exit", "a memory bomb", "a full disk", "a crash"],
)
def test_what_ends_a_program_ends_no_other(text, reason, plain):
    with plain.open(PROBES, program(text), 1.0 if "while True: pass" in text else 20.0) as session:
        assert isinstance(session.loaded, Ended)
        assert reason in session.loaded.reason
    assert run(plain, "value = 2").facts["value"] == 2


def test_it_ends_with_a_host_that_is_killed():
    text = f"from autograder.student.sandbox.starting import start\nsandbox = start({ENVIRONMENT!r}, 'none')\n"
    text += "print(sandbox._guest.process.pid, sandbox.unit > 0, flush=True)\nimport time; time.sleep(600)"
    hosting = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    pid = int(hosting.stdout.readline().split()[0])
    hosting.kill()
    hosting.wait()
    hosting.stdout.close()
    deadline = time.monotonic() + 10
    while (
        psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


HARM = """
import os, pathlib, shutil, torch
file = FOLDER + "/kept.pt"
for harm in (
    lambda: torch.save(torch.zeros(1), file),
    lambda: open(file, "w").write(""),
    lambda: open(file, "r+").write(""),
    lambda: pathlib.Path(file).write_text(""),
    lambda: os.remove(file),
    lambda: pathlib.Path(file).unlink(),
    lambda: os.rename(file, "elsewhere"),
    lambda: os.replace("elsewhere", file),
    lambda: shutil.copy("elsewhere", file),
    lambda: shutil.move(file, "elsewhere"),
    lambda: shutil.rmtree(FOLDER),
    lambda: os.makedirs(FOLDER + "/new"),
    lambda: os.mkdir(FOLDER + "/new"),
):
    open("elsewhere", "w").write("x")
    try:
        harm()
    except OSError:
        pass
"""


def test_files_of_the_student_are_read_and_never_changed(plain, tmp_path):
    """For example a checkpoint, which the notebook has saved and loads."""
    (tmp_path / "kept.pt").write_bytes(b"as it was")
    folder = f"FOLDER = {str(tmp_path)!r}\n"
    assert run(plain, folder + "value = open(FOLDER + '/kept.pt').read()").facts["value"] == "as it was"
    assert isinstance(run(plain, folder + HARM + "value = 1"), Reply)
    assert (tmp_path / "kept.pt").read_bytes() == b"as it was"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.pt"]


def test_what_was_written_is_what_is_read(plain, tmp_path):
    (tmp_path / "kept.txt").write_text("as it was")
    path = str(tmp_path / "kept.txt")
    assert run(plain, f"open({path!r}, 'w').write('new')\nvalue = open({path!r}).read()").facts["value"] == "new"
    assert run(plain, f"value = open({path!r}).read()").facts["value"] == "as it was"


@pytest.mark.slow
def test_python_may_be_started_by_a_launcher(tmp_path, monkeypatch):
    """As in a virtual environment on Windows, where the interpreter is a child of the process that was started."""
    launcher = tmp_path / "python"
    launcher.write_text(f'#!/bin/sh\n{sys.executable} "$@"\nexit $?\n')
    launcher.chmod(0o755)
    monkeypatch.setattr("autograder.student.sandbox.plain.sys", SimpleNamespace(executable=str(launcher)))
    with start(ENVIRONMENT, "none") as sandbox:
        pid = run(sandbox, "import os\nvalue = os.getpid()").facts["value"]
        assert pid != sandbox._guest.process.pid
        assert run(sandbox, "import os\nvalue = os.getpid()").facts["value"] == pid
        with sandbox.open(PROBES, program("import os; os._exit(3)"), 20.0) as session:
            assert "exit code 3" in session.loaded.reason
        assert run(sandbox, "value = 1").facts["value"] == 1
