"""Begins a plain guest with few imports, so that it can begin before the command has imported everything else."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile

from autograder.student.sandbox import host

WINDOWS_FLAGS = ("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW")


class BegunPlain:
    """A plain guest's process, which imports the module `environment`, and everything that belongs to it alone."""

    def __init__(self, environment: str) -> None:
        """Raises OSError."""
        self.environment = environment
        self.scratch = os.path.realpath(tempfile.mkdtemp(prefix="autograder-scratch-"))
        self.secret = secrets.token_hex(16).encode()
        self.listening = socket.create_server(("127.0.0.1", 0))
        text = host.START.format(module="autograder.guest.plain")
        arguments = [host.OWN_FOLDER, environment, str(self.listening.getsockname()[1]), self.scratch]
        self.process = subprocess.Popen(
            # -P keeps the current folder off the path.
            [sys.executable, "-P", "-c", text, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(),
            # So that only the host answers Ctrl-C in the terminal.
            start_new_session=True,
            creationflags=sum(getattr(subprocess, name, 0) for name in WINDOWS_FLAGS),
        )
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(self.secret + b"\n")
            self.process.stdin.flush()

    def close(self) -> None:
        """Ends the process, and removes its scratch folder."""
        self.process.kill()
        self.process.wait()
        for stream in (self.listening, self.process.stdin, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        remove(self.scratch)


def remove(path: str) -> None:
    """Removes a file or a folder as far as possible: on Windows open files stay."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _environment() -> dict[str, str]:
    """The user's environment, without the variables that change how Python works."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | dict(host.SETTINGS)
