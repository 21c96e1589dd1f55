"""How much memory there is, as control groups of either version tell it."""

import pytest

from autograder.guest.control_groups import memory_limit

UNLIMITED = "9223372036854771712\n"


def files(folder, contents):
    for name, text in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("own", "groups", "limit"),
    [
        # Docker with version 2: a namespace of its own.
        ("0::/\n", {"memory.max": "805306368\n"}, 805306368),
        # Docker with version 1: the path is the machine's, and the group is seen at the top.
        ("5:memory:/docker/abc\n2:cpu,cpuacct:/\n", {"memory/memory.limit_in_bytes": "805306368\n"}, 805306368),
        # Slurm: the job's group has the limit, the step's has not.
        ("0::/slurm/job/step\n", {"slurm/job/memory.max": "1000\n", "slurm/job/step/memory.max": "max\n"}, 1000),
        # Of several the least.
        ("4:memory:/a\n", {"memory/memory.limit_in_bytes": UNLIMITED, "memory/a/memory.limit_in_bytes": "5\n"}, 5),
        # Both versions on one machine.
        ("4:memory:/a\n0::/b\n", {"memory/a/memory.limit_in_bytes": "7\n", "b/cgroup.procs": ""}, 7),
        ("0::/../x\n", {"memory.max": "max\n"}, None),
        ("0::/\n", {}, None),
        ("", {"memory.max": "1\n"}, None),
    ],
)
def test_the_limit_is_found(tmp_path, own, groups, limit):
    files(tmp_path, {"own": own})
    files(tmp_path / "groups", groups)
    assert memory_limit(tmp_path / "own", tmp_path / "groups") == limit


def test_without_control_groups_there_is_none(tmp_path):
    assert memory_limit(tmp_path / "own", tmp_path) is None
