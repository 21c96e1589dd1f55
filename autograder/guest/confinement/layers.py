"""The layers, in the order in which a guest puts them on before it runs a line of a student's code."""

import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

import msgspec

from autograder.guest.confinement import landlock, mounts, seccomp
from autograder.guest.confinement.kernel import (
    PR_SET_DUMPABLE,
    PR_SET_KEEPCAPS,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    keep_capabilities,
    prctl,
)
from autograder.guest.ours import SHARED
from autograder.guest.supervision import Allowance

MEBIBYTE = 1024 * 1024
DAC_READ_SEARCH = 1 << 2
BEYOND = 64 * MEBIBYTE
"""More room for files than the limit allows, so that a notebook that writes too much is told so, and not that the disk
is full."""
SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/passwd",
    "/etc/group",
    "/proc/cpuinfo",
)
DEVICES = ("/dev/null", "/dev/urandom", "/dev/random")
"""Not /dev/zero: a process can map it as memory that no limit counts."""


class Place(msgspec.Struct, frozen=True):
    """Where a guest lives."""

    user: int
    """A user id that nothing else on the machine uses."""
    scratch: str
    """The only folder that the guest may write to."""
    readable: tuple[str, ...]
    """The files and folders that the guest may read."""
    private: bool
    """Whether some of them lie in a folder that is closed to other users, for example root's home."""
    threads: int
    """How many processes and threads the guest's user may have in all."""
    told: int = -1
    """A socket that receives a listener, which is told the system calls that no table lists; -1 for none."""


class Layer(msgspec.Struct, frozen=True):
    """One thing that is taken from a guest. `apply` raises OSError where this machine cannot do it."""

    name: str
    apply: Callable[[Place], None]


def place_for(user: int, scratch: str, readable: tuple[str, ...], threads: int) -> Place:
    """Where the guest will live. Call it outside of the guest: inside, its own functions look into the scratch folder
    first."""
    return Place(user, scratch, readable, private=not all(map(_is_open_to_others, readable)), threads=threads)


def confine(layers: Iterable[Layer], place: Place) -> None:
    """Puts the layers on. Raises OSError."""
    for layer in layers:
        layer.apply(place)


def tried(layers: Collection[Layer], place: Place) -> dict[str, str]:
    """Maps each layer to the reason why it does not work on this machine, "" where it works.

    Tries all layers, one on top of the other, in a child process that ends with the trial.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            for layer in layers:
                wrong = ""
                try:
                    layer.apply(place)
                except (OSError, ValueError) as error:
                    wrong = str(error).replace("\n", " ")[:200] or type(error).__name__
                os.write(writing, f"{layer.name}\t{wrong}\n".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as lines:
        found = dict(line.split("\t") for line in lines.read().split("\n")[:-1])
    os.waitpid(child, 0)
    return {layer.name: found.get(layer.name, "its trial did not come to an end") for layer in layers}


def _first_to_die(_: Place) -> None:
    """When memory runs out, the kernel ends the guest and not the grader."""
    # Not by `open`: by now that function is the notebook's own and writes into the scratch folder.
    file = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(file, b"1000")
    os.close(file)


def _limits(place: Place) -> None:
    """Limits for processes and threads, open files, the size of a file and the address space; no core dumps."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for kind, most in (
        (resource.RLIMIT_NPROC, place.threads),
        (resource.RLIMIT_NOFILE, 512),
        (resource.RLIMIT_FSIZE, 64 * MEBIBYTE),
        (resource.RLIMIT_AS, used + 3072 * MEBIBYTE),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 64 * 1024),
    ):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def _spare_user(place: Place) -> None:
    """A user of its own, without groups and capabilities, who can reach no files and no processes of other users."""
    if place.private:
        # Python itself lies in a folder that is closed to others. The guest has to pass through it to import anything,
        # so it keeps the capability to read. Landlock then decides what it can read, and so Landlock has to work.
        landlock.version()
        prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(place.user, place.user, place.user)
    os.setresuid(place.user, place.user, place.user)
    keep_capabilities(DAC_READ_SEARCH if place.private else 0)


def _own_root(place: Place) -> None:
    """Only the files that the guest may read have a name, and its scratch folder is memory of a limited size."""
    names = (*SYSTEM, *filter(os.path.isabs, sys.path), place.scratch)
    size = Allowance().written + BEYOND
    mounts.enter(place.user, shown=(*place.readable, *DEVICES), names=names, scratch=place.scratch, size=size)


def can_become(user: int) -> bool:
    """Whether this process can become that user. Tried in a child process, because it cannot be undone."""
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(user, user, user)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _no_new_privileges(_: Place) -> None:
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def _not_dumpable(_: Place) -> None:
    """Other processes of the same user cannot look into this one."""
    prctl(PR_SET_DUMPABLE, 0)


def _ends_with_the_zygote(_: Place) -> None:
    # After the change of user, which would undo this.
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _files(place: Place) -> None:
    """The guest can read Python and write to its scratch folder. No TCP, no abstract sockets, no signals to other
    processes."""
    landlock.restrict(readable=place.readable, writable=(place.scratch,), usable=DEVICES)


def _system_calls(place: Place) -> None:
    seccomp.restrict(place.told)


def _system_calls_among_others(place: Place) -> None:
    """The filter for a guest whose signals could reach processes of others, because they run as its user."""
    seccomp.restrict(place.told, None if landlock.keeps_signals() else os.getpid())


def _is_open_to_others(path: str) -> bool:
    """Whether the folders above let every user get there."""
    return all(parent.stat().st_mode & 0o001 for parent in Path(path).parents)


def readable(secret: Collection[str]) -> Iterator[str]:
    """The files that Python needs, wherever Python and the grader are installed: the system's libraries, Python's own,
    and all packages but ours. `secret` names the files and folders of ours.

    The modules of ours that run in a guest are imported before the layers are put on.
    """
    packages = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    packages += [path for path in sys.path if os.path.basename(path) in SHARED]
    places = dict.fromkeys(map(os.path.realpath, (*SYSTEM, os.path.join(sys.base_prefix, "lib"), *packages)))
    for place in places:
        # Packages are needed even where they lie in a checkout, as its virtual environment does.
        yield from around(place, {each for each in secret if not place.startswith(f"{each}{os.sep}")})


def around(place: str, secret: Collection[str]) -> Iterator[str]:
    """The place itself; or, where something secret lies in it, all its entries that neither are secret nor hold
    something secret."""
    if place in secret:
        return
    if not any(each.startswith(f"{place}{os.sep}") for each in secret):
        yield place
        return
    for entry in os.scandir(place):
        if not entry.is_symlink():  # the target of a link is granted by its own path, or not at all
            yield from around(entry.path, secret)


BY_USER = (
    Layer("oom_score_adj", _first_to_die),
    Layer("rlimits", _limits),
    Layer("uid", _spare_user),
    Layer("no_new_privs", _no_new_privileges),
    Layer("non-dumpable", _not_dumpable),
    Layer("pdeathsig", _ends_with_the_zygote),
    Layer("landlock", _files),
    Layer("seccomp", _system_calls),
)
"""The layers where guests can be given a user of their own."""


def by_namespace(refusal: str) -> tuple[Layer, ...]:
    """The layers where guests cannot have a user of their own: the namespace that the zygote has entered keeps other
    processes out of their reach. `refusal`: why it has not entered one."""

    def entered(_: Place) -> None:
        if refusal:
            raise OSError(refusal)

    def rooted(place: Place) -> None:
        entered(place)
        _own_root(place)

    instead = {
        "uid": [Layer("namespaces", entered), Layer("mounts", rooted)],
        "non-dumpable": [],  # the grader has to see what the guests use, and shares their user
        "seccomp": [Layer("seccomp", _system_calls_among_others if refusal else _system_calls)],
    }
    return tuple(layer for each in BY_USER for layer in instead.get(each.name, [each]))
