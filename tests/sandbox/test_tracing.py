"""Reads what strace writes: only the calls of guests, from the moment when they are confined."""

from tests.sandbox.tracing import beginnings, made_by_guests, of

LOG = """\
10 openat(AT_FDCWD, ""..., O_RDONLY) = 3
10 clone(child_stack=NULL, flags=SIGCHLD) = 11
11 prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, {len=9, filter=0x7f}) = 0
11 mount(""..., ""..., NULL, 0, NULL) = -1 EPERM (Operation not permitted)
11 clone(child_stack=0x7, flags=CLONE_VM|CLONE_THREAD <unfinished ...>
12 futex(0x7, FUTEX_WAIT, 2, NULL <unfinished ...>
11 <... clone resumed>, parent_tid=[12]) = 12
12 <... futex resumed>) = 0
10 wait4(-1, NULL, WNOHANG, NULL) = 0
11 timer_create(0, NULL, NULL) = -1 EPERM (Operation not permitted)
11 exit_group(0) = ?
""".splitlines()


def test_guests_are_told_from_the_rest():
    assert beginnings(LOG) == {11: 3, 12: 0}


def test_their_calls_are_counted():
    made, refused = made_by_guests(LOG, beginnings(LOG))
    assert made == {"mount": 1, "clone": 1, "futex": 1, "timer_create": 1, "exit_group": 1}
    assert +refused == {"mount": 1, "timer_create": 1}
    assert of("mount") == ""
    assert "NO TABLE" in of("timer_create")
