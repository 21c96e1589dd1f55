"""Namespaces of users, processes, networks and queues, for a process that may not change to another user.

https://man7.org/linux/man-pages/man7/user_namespaces.7.html
"""

import errno
import os
import signal
import sys

from autograder.guest.confinement.kernel import PR_SET_PDEATHSIG, prctl, unshare

KNOWN = {
    errno.EPERM: "this machine gives namespaces to root alone",
    errno.ENOSPC: "this machine gives no more namespaces, see user.max_user_namespaces",
}
NEW_USERS, NEW_PROCESSES, NEW_NETWORK, NEW_QUEUES = 0x10000000, 0x20000000, 0x40000000, 0x08000000
ALL_BUT_MOUNTS = NEW_USERS | NEW_PROCESSES | NEW_NETWORK | NEW_QUEUES


def are_entered() -> bool:
    """Whether this process is the first of namespaces of its own."""
    return os.getpid() == 1


def refusal(user: int) -> str:
    """The reason why this machine gives no namespaces, "" where it does. Tried in a child process, because it cannot be
    undone."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            leave_the_others(user, ALL_BUT_MOUNTS)
        except OSError as error:
            os.write(writing, KNOWN.get(error.errno or 0, str(error)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as words:
        told = words.read()
    os.waitpid(child, 0)
    return told


def enter(user: int, *kept: int) -> None:
    """Starts this program again as the first process of its own namespaces, in which it is `user`, and ends as that
    process does.

    All processes that are started in the namespaces end with it. Of the open files, only `kept` are passed on to it.
    Raises OSError.
    """
    leave_the_others(user, ALL_BUT_MOUNTS)
    first = os.fork()
    if first == 0:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # After exec the memory belongs to the new namespace, so this process' user may look into it from outside, to
        # count what it uses. Exec also takes away the capabilities that a new namespace gives.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    for descriptor in kept:
        os.close(descriptor)
    os._exit(max(0, os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])))


def leave_the_others(user: int, namespaces: int) -> None:
    """Enters new namespaces, in which this process' user is `user`. Raises OSError."""
    outside, group = os.geteuid(), os.getegid()
    unshare(namespaces)
    for name, text in (
        ("setgroups", "deny"),  # otherwise the kernel refuses the next step
        ("gid_map", f"{user} {group} 1"),
        ("uid_map", f"{user} {outside} 1"),
    ):
        # Not by pathlib: the `open` of a guest writes into its scratch folder.
        file = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(file, text.encode())
        os.close(file)
