"""The number of a user and a folder that belong to one grader, held by a lock that the kernel releases when the grader
ends."""

import contextlib
import fcntl
import os
import pwd
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from autograder.guest import control_groups
from autograder.guest.processes import processes_of
from autograder.student.sandbox.host import SandboxError

VARIABLE = "PS7_GUEST_USERS"
"""Names another range of users, such as "60000-62499", where the usual one is taken."""
USUAL = range(60_000, 62_500)
"""Numbers that machines do not use; as many after them are for the killers, see `killer`."""
GROUP = "autograder-{}"
REMOVE = ("/bin/sh", "-c", 'rm -rf -- "$0" || { chmod -R u+rwx -- "$0"; rm -rf -- "$0"; }')
"""Not shutil.rmtree, which fails on a deep tree of folders. A guest can also close folders to their own user."""
SOON, AT_LAST = 1.0, 10.0
"""Seconds to wait for a removal: while grading goes on, and at its end."""


class Reservation:
    """Held until it is closed or its process ends, in whatever way. What a killed grader has left is removed when the
    next grader takes a number."""

    def __init__(self) -> None:
        """Raises SandboxError where no number is free, or the folder for all of them cannot be had."""
        try:
            self._home = _home()
            for lock in list(self._home.glob("*.lock")):
                _clear(lock)
            self.user, self.killer, self._descriptor = self._taken(_range())
            self.folder = str(self._home / str(self.user))
            """The folder for everything that has to be gone at the end."""
            self.group = GROUP.format(self.user)
            """The name for a control group, removed with the folder."""
            os.mkdir(self.folder, 0o711)
        except OSError as error:
            raise SandboxError(f"there is no place for guests: {error}") from None
        self._removals: list[subprocess.Popen[bytes]] = []

    def _taken(self, numbers: range) -> tuple[int, int, int | None]:
        """A user for guests that no other grader has, a user for their killer, and the lock's descriptor."""
        # At random: graders in containers of their own do not see each other's locks, but the kernel counts their users
        # together.
        start = random.SystemRandom().randrange(len(numbers))
        for number in [*numbers[start:], *numbers[:start]]:
            lock = self._home / f"{number}.lock"
            # Folders that could not be removed in time are still being removed.
            if not _is_anybodys(number) and not _folder_of(lock).exists() and (held := _locked(lock)) is not None:
                return number, number + len(numbers), held
        raise SandboxError(f"all users of {numbers.start}-{numbers.stop - 1} are taken by other graders")

    def remove(self, path: str, patience: float = SOON) -> None:
        """Removes a folder and waits for a while; a removal that takes longer goes on in the background."""
        with contextlib.suppress(OSError):
            os.rmdir(path)  # most guests leave nothing in their folder
            return
        self._removals = [each for each in self._removals if each.poll() is None]
        removal = subprocess.Popen([*REMOVE, path], stderr=subprocess.DEVNULL)
        try:
            removal.wait(patience)
        except subprocess.TimeoutExpired:
            self._removals.append(removal)

    def close(self) -> None:
        """Releases it; what cannot be removed in time is left to the next grader."""
        if self._descriptor is None:
            return
        self.remove(self.folder, AT_LAST)
        control_groups.remove(self.group)
        if not os.path.lexists(self.folder):
            Path(f"{self.folder}.lock").unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None
        with contextlib.suppress(OSError):
            self._home.rmdir()  # where no other grader is running


def _range() -> range:
    text = os.environ.get(VARIABLE, "")
    if not text:
        return USUAL
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last) < 2**31):
        raise SandboxError(f"{VARIABLE} is {text[:40]!r}; it names the first and the last user, as 60000-62499")
    return range(int(first), int(last) + 1)


def _home() -> Path:
    """The folder for all graders of one user: only they can write to it, and guests can pass through it."""
    home = Path(tempfile.gettempdir(), f"autograder-{os.getuid()}")
    with contextlib.suppress(FileExistsError):
        home.mkdir(0o711)
    try:
        known = home.lstat()
    except OSError as error:
        raise SandboxError(f"{home} cannot be used ({error.strerror})") from None
    if not home.is_dir() or home.is_symlink() or known.st_uid != os.getuid() or known.st_mode & 0o022:
        raise SandboxError(f"{home} belongs to somebody else; remove it, or set TMPDIR to a folder of your own")
    return home


def _locked(path: Path) -> int | None:
    """The lock's descriptor, held; None where another grader holds it."""
    while True:
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir(0o711)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError:
            continue  # the folder of all graders has just been removed
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        os.close(descriptor)  # another grader has released and unlinked it meanwhile


def _clear(lock: Path) -> None:
    """Ends and removes what a killed grader has left."""
    folder = _folder_of(lock)
    if not folder.exists() or (descriptor := _locked(lock)) is None:
        return
    deadline = time.monotonic() + AT_LAST
    while (left := processes_of(int(lock.stem))) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run([*REMOVE, folder], check=False, stderr=subprocess.DEVNULL, timeout=AT_LAST)
    control_groups.remove(GROUP.format(lock.stem))
    if not folder.exists():
        lock.unlink(missing_ok=True)
    os.close(descriptor)


def _folder_of(lock: Path) -> Path:
    return lock.with_suffix("")


def _is_anybodys(number: int) -> bool:
    try:
        pwd.getpwuid(number)
    except KeyError:
        return False
    return True
