"""Installs the checks into a folder of their own, with PyTorch's CPU build: python3 install.py

The kit holds a copy of this file. It runs from Python 3.7 on, so that it can tell users of an old Python what to do.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
SIZE = "about 1.2 GB and two or three minutes"
SIZE_OF_ANY = "up to 7 GB and ten minutes on Linux, where it brings what GPUs need"


def main() -> None:
    """Ends with exit code 2 and a sentence where something is missing."""
    parser = argparse.ArgumentParser(description="Installs the checks into a folder of their own.")
    parser.add_argument(
        "--any-torch",
        action="store_true",
        help=f"take PyTorch from where all other packages come from: {SIZE_OF_ANY}",
    )
    parser.add_argument("--without-pdf", action="store_true", help="leave out what the command `pdf` needs")
    options = parser.parse_args()
    wheel = find_wheel(HERE)
    wanted = python_of(wheel)
    if sys.version_info[:2] < wanted:
        fail(too_old(wanted, sys.version_info[:2]))
    name = name_of(wheel)
    environment = HERE / (name + "-environment")
    needs = SIZE_OF_ANY if options.any_torch else SIZE
    print(f"Installing the checks and PyTorch into {environment.name}. This takes {needs}.", flush=True)
    for command in commands(environment, wheel, any_torch=options.any_torch, pdf=not options.without_pdf):
        if subprocess.call(command) != 0:
            fail(hint(command, any_torch=options.any_torch))
    print(f"Done. Now check your notebook:\n\n    {program(environment, name)} check {name}.ipynb")


def commands(environment: Path, wheel: Path, *, any_torch: bool, pdf: bool) -> list[list[str]]:
    """The commands to run, one after the other."""
    python = str(scripts(environment) / "python")
    # uv finds PyTorch's own index itself, and downloads in parallel
    backend = [] if any_torch else ["--torch-backend", "cpu"]
    return [
        *([] if scripts(environment).exists() else [[sys.executable, "-m", "venv", str(environment)]]),
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"],
        [python, "-m", "uv", "pip", "install", "--python", python, *backend, str(wheel) + ("[pdf]" if pdf else "")],
    ]


def find_wheel(folder: Path) -> Path:
    """The wheel in the kit."""
    wheels = sorted(folder.glob("*_check-*.whl"))
    if not wheels:
        fail("there is no wheel (*_check-*.whl) beside this file: keep the files of the kit in one folder")
    return wheels[-1]


def name_of(wheel: Path) -> str:
    """The name of the command."""
    return wheel.name.split("_check-")[0]


def python_of(wheel: Path) -> tuple[int, int]:
    """The oldest Python that the checks work with."""
    with zipfile.ZipFile(str(wheel)) as archive:
        [metadata] = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        found = re.search(r"^Requires-Python: >=(\d+)\.(\d+)", archive.read(metadata).decode(), re.MULTILINE)
    return (int(found.group(1)), int(found.group(2))) if found else (3, 11)


def too_old(wanted: Sequence[int], here: Sequence[int]) -> str:
    """A sentence that says what to do."""
    needed, found = (".".join(map(str, each)) for each in (wanted, here))
    return (
        f"the checks need Python {needed} or newer, and this is Python {found}. Install a newer one (from "
        f"python.org) and run this file with it: python{needed} install.py"
    )


def hint(command: Sequence[str], *, any_torch: bool) -> str:
    """Advice where a command has failed."""
    if "venv" in command:
        return "Python could not make an environment. On Debian and Ubuntu this needs: sudo apt install python3-venv"
    if "uv" in command[2:3] and not any_torch:
        return (
            "the packages could not be installed, see above. Try again. If PyTorch's own index cannot be reached from "
            "here, use: python3 install.py --any-torch"
        )
    return "the packages could not be installed, see above. Is the network there, and the disk not full?"


def scripts(environment: Path) -> Path:
    """The folder of an environment's programs."""
    return environment / ("Scripts" if os.name == "nt" else "bin")


def program(environment: Path, name: str) -> str:
    """The command as it is typed in the kit's folder."""
    return os.path.join(*scripts(environment).relative_to(HERE).parts, name)


def fail(message: str) -> None:
    """Ends with exit code 2."""
    print("install.py:", message, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
