"""Changes to a process that guests are forked from are undone."""

import os
import resource

import pytest

from autograder.guest.inherited import inherited


def in_a_child(function):
    """Its exit code, 0 where the function returns true."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if function() else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def changed_and_put_back():
    before = inherited()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft // 2, hard))
    resource.setrlimit(resource.RLIMIT_DATA, (1 << 33, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if os.geteuid() == 0:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, 0, 7)
    assert inherited() != before
    before.put_back()
    return inherited() == before


def lowered_for_good():
    before = inherited()
    os.setresuid(65534, 65534, 65534)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    with pytest.raises((OSError, ValueError)):
        before.put_back()
    return True


def test_what_was_changed_is_put_back():
    assert in_a_child(changed_and_put_back) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become another user")
def test_what_cannot_be_put_back_is_said():
    assert in_a_child(lowered_for_good) == 0
