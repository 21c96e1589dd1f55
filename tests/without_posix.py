"""Runs `ps7` with these arguments, without the parts of Python that only POSIX systems have; also in the guests' process.

    python tests/without_posix.py check notebook.ipynb

The modules that the standard library itself needs on this system have been imported before.
"""

import asyncio  # noqa: F401
import sys
from pathlib import Path

IN_WINDOWS = """
abort access chdir chmod close closerange cpu_count device_encoding dup dup2 environ error execv execve
fspath fstat fsync ftruncate get_inheritable get_terminal_size getcwd getcwdb getlogin getpid getppid isatty kill link
listdir lseek lstat mkdir open pipe putenv read readlink remove rename replace rmdir scandir set_inheritable spawnv
spawnve stat stat_result strerror symlink system terminal_size times times_result truncate umask uname_result unlink
unsetenv urandom utime waitpid waitstatus_to_exitcode write DirEntry F_OK R_OK W_OK X_OK O_APPEND O_CREAT O_EXCL
O_RDONLY O_RDWR O_TRUNC O_WRONLY TMP_MAX
uname sysconf O_NONBLOCK register_at_fork RTLD_NOW RTLD_GLOBAL RTLD_LAZY RTLD_LOCAL
"""
WITHOUT = (
    f"IN_WINDOWS = {IN_WINDOWS!r}\n"
    + """
import builtins, multiprocessing, os, posix, psutil, selectors, shutil, signal, socket, subprocess, sys, tempfile, types
# These have a way of their own on each system.
for module in (subprocess, psutil, psutil._common, psutil._pslinux, psutil._psposix):
    module.os, module.signal = types.SimpleNamespace(**vars(os)), types.SimpleNamespace(**vars(signal))
for module, names in {
    os: " ".join({name for name in vars(posix) if not name.startswith("_")} - {*IN_WINDOWS.split()}),
    socket: "AF_UNIX send_fds recv_fds",
    signal: "SIGKILL SIGALRM SIGCHLD SIGHUP setitimer alarm",
}.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
for name in ("resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix_ipc"):
    sys.modules[name] = None
multiprocessing.set_start_method("spawn", force=True)

def hidden(function):
    def asked(path, *arguments, **keywords):
        if str(path).startswith("/proc") and "psutil" not in sys._getframe(1).f_globals["__name__"]:
            raise FileNotFoundError(path)
        return function(path, *arguments, **keywords)
    return asked

builtins.open, os.scandir, os.listdir, os.stat = map(hidden, (builtins.open, os.scandir, os.listdir, os.stat))
"""
)


def main() -> None:
    """Removes them, and runs the command."""
    import rich.console  # noqa: F401
    import typer  # noqa: F401

    exec(WITHOUT, {})
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from autograder.student.sandbox import host

    host.START = WITHOUT.replace("{", "{{").replace("}", "}}") + host.START
    from autograder.ps7.student.assignment import PS7
    from autograder.student.entry import main as students

    sys.argv[0] = "ps7"
    students(PS7)


if __name__ == "__main__":
    main()
