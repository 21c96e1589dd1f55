"""`ps7 check` as on a machine without POSIX: see `without_posix.py`. The names of folders, the line ends and the
terminal's encoding are like those on Windows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = {"solved": ROOT / "reference" / "solution.ipynb", "blank": ROOT / "student_template" / "ps7.ipynb"}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "Zoë's Übung 作业" / ("long " * 40)
    made.mkdir(parents=True)
    return made


def check(path, *options, encoding="utf-8"):
    """Without the locale and the folders of this system."""
    environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    environment |= {"TEMP": str(path.parent), "TMP": str(path.parent), "USERPROFILE": str(path.parent)}
    environment |= {"PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [sys.executable, str(ROOT / "tests" / "without_posix.py"), "check", path.name, *options]
    done = subprocess.run(
        command, cwd=path.parent, env=environment, capture_output=True, encoding=encoding, timeout=240, check=False
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


@pytest.mark.parametrize(("name", "code"), [("solved", 0), pytest.param("blank", 1, marks=pytest.mark.slow)])
def test_the_verdict_is_the_same(name, code, folder):
    path = folder / "Lösung (1).ipynb"
    path.write_bytes(NOTEBOOKS[name].read_bytes().replace(b"\n", b"\r\n"))
    done = check(path, "--json", "--html", "Bericht é.html")
    assert done.returncode == code, done.stderr
    usual = [Path(sys.executable).with_name("ps7"), "check", str(NOTEBOOKS[name]), "--json"]
    theirs = json.loads(subprocess.run(usual, capture_output=True, check=False).stdout)
    assert json.loads(done.stdout)["tests"] == theirs["tests"]
    assert json.loads(done.stdout)["extra_data"]["sandbox"] == []
    assert "Bericht é.html" in {each.name for each in folder.iterdir()}


def test_a_terminal_of_another_encoding_shows_what_it_can(folder):
    path = folder / "ps7.ipynb"
    path.write_bytes(NOTEBOOKS["blank"].read_bytes())
    done = check(path, "encoder", encoding="cp1252")
    assert done.returncode == 1
    assert "  x " in done.stdout
    assert "UnicodeEncodeError" not in done.stderr


def test_what_is_wrong_is_said_in_a_sentence(folder):
    done = check(folder / "nowhere.ipynb")
    assert done.returncode == 2
    assert "nowhere.ipynb" in done.stderr
