"""Environments of their own beside the one that runs the tests, whose packages they see; nothing comes from a network."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path


class Environment:
    """A virtual environment in a folder. What is installed in it does not touch the one that runs the tests."""

    def __init__(self, folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        self.scripts = folder / "bin"
        self.packages = Path(self.said("import sysconfig; print(sysconfig.get_path('purelib'))").strip())
        # What is edited in place is on the path by files of its own, which only this function follows.
        there = sysconfig.get_path("purelib")
        (self.packages / "beside.pth").write_text(f"import site; site.addsitedir({there!r})\n")

    def run(self, *command: object, folder: Path | str = ".", seconds: float = 300.0, **more: str):
        """The finished process; its own scripts come first."""
        path = f"{self.scripts}{os.pathsep}{os.environ['PATH']}"
        # Not by subprocess' own search, which looks along the path of this process.
        words = [str(self.scripts / str(command[0])), *map(str, command[1:])]
        return subprocess.run(
            words,
            cwd=folder,
            env={**os.environ, "PATH": path, "COLUMNS": "200", **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def said(self, text: str) -> str:
        """What a program prints."""
        done = self.run("python", "-c", text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def install(self, project: Path, *options: str) -> None:
        """A project, or a wheel."""
        pip = ("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation")
        done = self.run("python", *pip, *options, project)
        assert done.returncode == 0, done.stderr
