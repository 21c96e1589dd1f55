"""The memory limit, as control groups of either version tell it."""

import os

import pytest

from autograder.guest import control_groups
from autograder.guest.control_groups import memory_left, memory_limit, own_group, remove

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
        # The smallest of several limits.
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


MEMORY_STAT = "anon 300\nactive_file 20\ninactive_file 30\nslab_reclaimable 5\n"


@pytest.mark.parametrize(
    ("groups", "available", "left"),
    [
        ({"memory.max": "1000\n", "memory.current": "400\n", "memory.stat": MEMORY_STAT}, 1, 655),
        ({"memory.max": "1000\n", "memory.current": "400\n", "memory.stat": MEMORY_STAT}, 0, 0),
        ({"memory.max": "max\n", "memory.current": "400\n", "memory.stat": MEMORY_STAT}, 7, 7 * 1024),
        ({}, 7, 7 * 1024),
    ],
)
def test_what_is_left_is_the_least_of_all_around(tmp_path, groups, available, left):
    files(tmp_path, {"own": "0::/\n", "meminfo": f"MemTotal: 99 kB\nMemAvailable:   {available} kB\n"})
    files(tmp_path / "groups", groups)
    assert memory_left(tmp_path / "own", tmp_path / "groups", tmp_path / "meminfo") == left


def test_of_version_1_what_all_in_it_use_counts(tmp_path):
    stat = "cache 9\ntotal_active_file 100\ntotal_inactive_file 100\n"
    group = {"limit_in_bytes": "1000\n", "usage_in_bytes": "700\n", "stat": stat}
    files(tmp_path, {"own": "4:memory:/a\n"})
    files(tmp_path / "groups" / "memory" / "a", {f"memory.{name}": text for name, text in group.items()})
    assert memory_left(tmp_path / "own", tmp_path / "groups", tmp_path / "none") == 500


def test_where_nothing_tells_nothing_is_known(tmp_path):
    assert memory_left(tmp_path / "own", tmp_path, tmp_path / "none") is None


def test_where_nobody_may_make_a_group_there_is_none(tmp_path):
    files(tmp_path, {"own": "0::/a\n", "groups": "no folder"})
    assert own_group("mine", 1 << 20, tmp_path / "own", tmp_path / "groups") is None


def test_the_kernel_counts_and_ends_what_takes_too_much():
    group = own_group(f"autograder-test-{os.getpid()}", 64 << 20)
    if group is None:
        pytest.skip("no control group is to be had here")
    try:
        assert group.limit == 64 << 20
        assert group.ended == 0
        child = os.fork()
        if child == 0:
            control_groups.enter(str(group.place))
            bytearray(b"x" * (256 << 20))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9
        assert group.ended == 1
    finally:
        remove(group.place.name)
    assert not group.place.exists()
