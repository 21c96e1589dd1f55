"""Runs a command as a user without any privilege: `python -m tests.sandbox.unprivileged [--bare] COMMAND...`, by root.

Where Python or the checkout lies in a folder that is closed to others, the command still sees them. With `--bare` it
cannot make namespaces, as on machines whose administrator has switched them off.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.guest.confinement.kernel import unshare

ROOT = Path(__file__).parents[2]
NOBODY = 65534
SKIPPED = 77
WITHOUT = "TEST_WITHOUT_LAYERS"
"""Layers that tests of confinement have to do without."""
NEW_MOUNTS, NEW_USERS = 0x00020000, 0x10000000


def main() -> None:
    command = sys.argv[1:]
    bare = command[0] == "--bare"
    try:
        unshare(NEW_MOUNTS)
    except OSError as error:
        print(f"only root can become nobody and see to it that nobody can read Python: {error}", file=sys.stderr)
        sys.exit(SKIPPED)
    mount("--make-rprivate", "/")
    open_to_others({Path(sys.base_prefix), Path(sys.prefix), ROOT})
    if bare:
        enter_users_without_users()
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"HOME": home, "TMPDIR": home} | ({WITHOUT: "namespaces mounts"} if bare else {})
        sys.exit(subprocess.run(command[bare:], cwd=ROOT, check=False).returncode)


def open_to_others(wanted):
    """Puts an open folder that only holds what is needed in the place of each closed one."""
    for closed in [each for each in sorted({parent for path in wanted for parent in path.parents}) if is_closed(each)]:
        inside = sorted(path for path in wanted if closed in path.parents)
        kept = {path: tempfile.mkdtemp() for path in inside if not set(path.parents) & set(inside)}
        for path, place in kept.items():
            mount("--bind", path, place)
        mount("-t", "tmpfs", "-o", "mode=0755", "none", closed)
        for path, place in kept.items():
            path.mkdir(parents=True)
            mount("--move", place, path)
            os.rmdir(place)


def is_closed(folder):
    return not folder.stat().st_mode & 0o001


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def enter_users_without_users():
    """A namespace of users with as many users as the one outside, and with no room for another namespace in it."""
    entered, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if child:
        os.read(entered[0], 1)
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{child}/{name}").write_text("0 0 100000")
        os.write(mapped[1], b".")
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    unshare(NEW_USERS)
    os.write(entered[1], b".")
    os.read(mapped[0], 1)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


if __name__ == "__main__":
    main()
