"""Environments beside the one that runs the tests; they see its packages, and nothing comes from a network."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path


class Environment:
    """A virtual environment in a folder. Packages that are installed in it do not touch the environment that runs the
    tests."""

    def __init__(self, folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        self.scripts = folder / "bin"
        self.packages = Path(self.said("import sysconfig; print(sysconfig.get_path('purelib'))").strip())
        # A package that is edited in place is on the path by files of its own, which only this function follows.
        there = sysconfig.get_path("purelib")
        (self.packages / "beside.pth").write_text(f"import site; site.addsitedir({there!r})\n")

    def run(self, *command: object, folder: Path | str = ".", seconds: float = 300.0, **more: str):
        """Runs a program and returns the finished process; the environment's own scripts come first."""
        path = f"{self.scripts}{os.pathsep}{os.environ['PATH']}"
        # Not by subprocess' own search, which uses the path of this process.
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
        """The output of a program."""
        done = self.run("python", "-c", text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def install(self, project: Path, *options: str) -> None:
        """Installs a project, or a wheel."""
        pip = ("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation")
        done = self.run("python", *pip, *options, project)
        assert done.returncode == 0, done.stderr
