"""Gradescope's container, rehearsed: the bundle under an OCI runtime, as root with Docker's capabilities and system
call filter, without a network, on half a processor and 768 MB.

Needs crun and containers-common's seccomp.json (Debian: `apt install crun golang-github-containers-common`).
"""

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.staff.authoring.bundle import unpack
from autograder.staff.authoring.hostile import attacked, attacks
from autograder.student.grading.rubric import load
from autograder.student.output.results import decode

pytestmark = pytest.mark.slow
PROFILE = Path("/usr/share/containers/seccomp.json")
CAPABILITIES = """CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT
KILL AUDIT_WRITE"""
MEMORY, QUOTA, PERIOD = 768 * 2**20, 50_000, 100_000
CONTROLLERS = Path("/sys/fs/cgroup")
START = """
for place in $(mount | awk '$5 == "cgroup2" {print $3}' | sort -r); do umount $place; done
for controller in memory cpu; do echo $$ > /sys/fs/cgroup/$controller/$1/cgroup.procs; done
exec crun --cgroup-manager=disabled run -b "$2" "$1"
"""
"""crun refuses machines with both versions of control groups, so it is put into groups of version 1 by hand."""
RUBRIC = load(PS7)
WORST = [
    "exit-kills-everyone",
    "exit-stops-everyone",
    "use-files-without-a-name",
    "use-fork-bomb",
    "use-memory",
    "use-memory-areas",
    "use-memory-of-many",
    "use-nested-folders",
    "use-processors",
    "use-sockets",
    "use-threads",
]


def is_open(path: str) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in Path(os.path.realpath(path)).parents)


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    if shutil.which("crun") is None or not PROFILE.exists() or os.getuid():
        pytest.skip("there is no crun, no profile of system calls, or no root")
    if not Path(CONTROLLERS, "memory", "memory.limit_in_bytes").exists():
        pytest.skip("there are no control groups of version 1")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    pythons = [path for path in (sys._base_executable, f"/usr/bin/{version}") if os.path.exists(path) and is_open(path)]
    if not pythons:
        pytest.skip("Python lies in a folder that is closed to others")
    folder = tmp_path_factory.mktemp("container")
    for parent in (folder, folder.parent, folder.parent.parent):
        parent.chmod(0o755)
    subprocess.run([pythons[0], "-m", "venv", "--without-pip", folder / "venv"], check=True)
    packages = Path(folder, "venv", "lib", version, "site-packages", "ours.pth")
    packages.write_text(os.path.dirname(os.path.dirname(pytest.__file__)) + "\n")
    (folder / "platform").mkdir()
    bundle = folder / "bundle.zip"
    subprocess.run([sys.executable, "-m", "autograder", "build", "gradescope", "--out", bundle], check=True)
    unpack(bundle, folder / "platform")
    config = folder / "platform" / "source" / "config.toml"
    config.write_text(config.read_text().replace('reproduce = "composed"', 'reproduce = "none"'))
    (folder / "root").mkdir()
    subprocess.run(["mount", "--bind", "/", folder / "root"], check=True)
    name = f"ps7-{uuid.uuid4().hex}"
    _describe(folder, name)
    for controller, file, value in (
        ("memory", "memory.limit_in_bytes", MEMORY),
        ("cpu", "cpu.cfs_quota_us", QUOTA),
    ):
        (CONTROLLERS / controller / name).mkdir()
        (CONTROLLERS / controller / name / file).write_text(str(value))
    yield folder, name
    subprocess.run(["umount", "--lazy", folder / "root"], check=True)
    for controller in ("memory", "cpu"):
        (CONTROLLERS / controller / name).rmdir()


def _describe(folder: Path, name: str) -> None:
    """Writes crun's config.json. `name`: of the control groups; the container sees its own group for memory."""
    subprocess.run(["crun", "spec"], cwd=folder, check=True)
    path = folder / "config.json"
    config = json.loads(path.read_text())
    names = [f"CAP_{name}" for name in CAPABILITIES.split()]
    config["process"] |= {
        "terminal": False,
        "noNewPrivileges": False,
        "rlimits": [],
        "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), names),
        "args": ["/autograder/run_autograder"],
        "env": ["PATH=/usr/local/bin:/usr/bin:/bin", f"PS7_PYTHON={folder}/venv/bin/python"],
    }
    config["root"] = {"path": str(folder / "root"), "readonly": True}
    mounts = [each for each in config["mounts"] if each["destination"] != "/sys/fs/cgroup"]
    # Not over /tmp, where the virtual environment of this test lies.
    mounts.append({"destination": "/var/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]})
    config["process"]["env"].append("TMPDIR=/var/tmp")
    mounts.append({"destination": "/sys/fs/cgroup", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]})
    mounts.append(
        {
            "destination": "/sys/fs/cgroup/memory",
            "type": "bind",
            "source": str(CONTROLLERS / "memory" / name),
            "options": ["rbind", "ro"],
        }
    )
    mounts.append(
        {
            "destination": "/autograder",
            "type": "bind",
            "source": str(folder / "platform"),
            "options": ["rbind", "rw"],
        }
    )
    config["mounts"] = mounts
    config["linux"]["namespaces"] = [each for each in config["linux"]["namespaces"] if each["type"] != "cgroup"]
    config["linux"].pop("resources", None)
    config["linux"]["seccomp"] = _filter(names)
    path.write_text(json.dumps(config))


def _filter(names: list[str]) -> dict[str, object]:
    """The profile as it is given to a runtime: for this architecture and these capabilities."""
    profile = json.loads(PROFILE.read_text())
    rules = []
    for rule in profile["syscalls"]:
        only, never = rule.get("includes") or {}, rule.get("excludes") or {}
        if not {*only.get("caps", ())} <= {*names} or {*never.get("caps", ())} & {*names}:
            continue
        if "amd64" not in only.get("arches", ["amd64"]) or "amd64" in never.get("arches", ()):
            continue
        rules.append({key: rule[key] for key in ("names", "action", "args") if rule.get(key)})
    architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    return {"defaultAction": profile["defaultAction"], "architectures": architectures, "syscalls": rules}


def graded(platform, notebook):
    """The results, the seconds, and how many processes the kernel has ended because memory was short."""
    folder, name = platform
    (folder / "platform" / "submission" / "hw.ipynb").write_text(notebook, encoding="utf-8")
    out = folder / "platform" / "results" / "results.json"
    out.unlink(missing_ok=True)
    memory = CONTROLLERS / "memory" / name
    before = ended_by_the_kernel(memory)
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", START, "sh", name, folder]
    started = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        subprocess.run(["crun", "delete", "--force", name], check=True)
        raise
    seconds = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    return decode(out.read_bytes()), seconds, ended_by_the_kernel(memory) - before


def ended_by_the_kernel(group):
    figures = dict(line.split() for line in (group / "memory.oom_control").read_text().splitlines())
    return int(figures["oom_kill"])


def test_the_solved_notebook_has_ten_points(platform):
    results, seconds, ended = graded(platform, frames.text(frames.generate(PS7, "solution")))
    assert results.score == RUBRIC.points
    assert len(results.extra_data["sandbox"]) == 8
    assert seconds < 60
    assert not ended  # the greatest use says little: the kernel keeps files in memory that nothing else needs
    print(f"{seconds:.1f} s")


@pytest.mark.parametrize("name", WORST)
def test_an_attack_costs_its_own_item_alone(name, platform):
    attack = next(each for each in attacks(PS7.corpus / "hostile") if each.name == name)
    item = RUBRIC.item(attack.expected.item)
    results, seconds, _ = graded(platform, frames.text(attacked(PS7, item, attack.source)))
    lost = {test.extra_data["item"] for test in results.tests if (test.score or 0) < (test.max_score or 0)}
    assert lost == {item.name}
    assert results.score < RUBRIC.points
    assert seconds < 60
