"""What this machine offers for grading, what each part protects, and how to get what is missing."""

import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import msgspec
from rich.table import Table
from rich.text import Text

from autograder.guest.confinement import landlock
from autograder.guest.control_groups import own_group
from autograder.guest.supervision import MEBIBYTE, allowance_here
from autograder.student.assignment import Assignment, Unavailable
from autograder.student.grading.rubric import Rubric
from autograder.student.output.printing import browsers
from autograder.student.output.screen import Screen
from autograder.student.sandbox.host import SandboxError
from autograder.student.sandbox.starting import can_confine, start

CONFINEMENT, RESOURCES, PACKAGES, EXTRAS = "confinement", "resources", "packages", "extras"
KEEPS = {
    "oom_score_adj": "When memory runs out, the kernel ends the student's code and not the grader.",
    "rlimits": "The code has its own limits for processes, open files, file size and address space.",
    "uid": "The code runs as a user that nothing else uses: it reaches no files and no processes of others.",
    "namespaces": "The code sees no processes, networks and queues but its own.",
    "mounts": "The code sees only what it may read, and its own files lie in memory with a fixed size.",
    "no_new_privs": "No program that the code starts gives it more rights.",
    "non-dumpable": "Other processes of the code's user cannot look into the grader's side of its process.",
    "pdeathsig": "The code ends when the grader ends.",
    "landlock": "The code reads Python's own files and writes to its own folder alone.",
    "seccomp": "The code makes the system calls that Python and torch need, and no others.",
}
REMEDIES = {
    "uid": "Run the grader as root, in a container or a machine of its own.",
    "namespaces": "Run the grader as root, or let users make namespaces: on Ubuntu 24.04 "
    "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`, elsewhere see user.max_user_namespaces.",
    "mounts": "It comes with namespaces on a machine that lets them mount.",
    "landlock": "It needs Linux 5.13 or later with Landlock switched on: `landlock` in the kernel's parameter `lsm=`.",
    "seccomp": "It needs Linux on x86-64 or aarch64, built with CONFIG_SECCOMP_FILTER.",
}
NO_LINUX = "Only Linux can confine a student's code. Grade in WSL, in a container or on Gradescope."
WANTED_LANDLOCK = 6
"""The first version that also stops signals and abstract sockets."""
LEAST_MEMORY = 768 * MEBIBYTE
OPTIONAL = {
    "mdit_py_plugins": ("PDFs", "Install the grader with its extra `pdf`."),
    "nbclient": ("`run`, which runs a notebook from top to bottom", "Install the grader with its extra `run`."),
    "distributed": ("`batch --scheduler` and `--slurm`", "Install the grader with its extra `cluster`."),
    "torchvision": ("data sets of images and backbones", "Install the grader with its extra `colab`."),
}
"""Maps a package that only some gradings need to what it is for, and how to get it."""


class Finding(msgspec.Struct, frozen=True):
    """One part of the machine."""

    group: str
    name: str
    works: bool
    needed: bool
    """Whether it is needed to grade other people's notebooks."""
    says: str
    """Its state here, or what it protects."""
    remedy: str = ""
    """What to do where it does not work."""


def examine(assignment: Assignment, rubric: Rubric) -> Iterator[Finding]:
    """Every part; the parts that confine students' code come first. Starts a sandbox, which takes seconds."""
    yield from _confinement(rubric)
    yield from _resources()
    yield from _packages()
    yield from _extras(assignment)


def _confinement(rubric: Rubric) -> Iterator[Finding]:
    who = "root" if hasattr(os, "geteuid") and os.geteuid() == 0 else "a user without root's rights"
    if not can_confine():
        yield Finding(CONFINEMENT, "all layers", False, True, f"This is {platform.system()}, as {who}.", NO_LINUX)
        return
    try:
        with start(rubric.environment) as sandbox:
            wrong: dict[str, str] = {**dict.fromkeys(sandbox.layers, ""), **sandbox.lacking}
    except SandboxError as error:
        yield Finding(CONFINEMENT, "all layers", False, True, f"No sandbox starts here: {error}.", "See above.")
        return
    for name, why in wrong.items():
        keeps = KEEPS.get(name, "")
        told = f"{keeps} Not here: {why}." if why else keeps
        yield Finding(CONFINEMENT, name, not why, True, told, REMEDIES.get(name, "") if why else "")
    with suppress(OSError):
        offered = landlock.version()
        is_enough = offered >= WANTED_LANDLOCK
        said = (
            f"The kernel has version {offered}; from {WANTED_LANDLOCK} on signals and abstract sockets are kept, too."
        )
        remedy = "" if is_enough else "As root you need not do anything. Otherwise use Linux 6.12 or later."
        yield Finding(CONFINEMENT, "Landlock's version", is_enough, False, said, remedy)
    yield Finding(CONFINEMENT, "user", True, False, f"The grader runs as {who}.")


def _resources() -> Iterator[Finding]:
    allowance = allowance_here()
    said = f"A notebook's code may use {allowance.memory // MEBIBYTE} MB and {allowance.processes} processes here."
    least = LEAST_MEMORY * 5 // 8
    more = "Give the container 768 MB or more."
    yield Finding(RESOURCES, "memory", allowance.memory >= least, True, said, "" if allowance.memory >= least else more)
    yield _counting(allowance.memory)
    yield Finding(RESOURCES, "processors", True, False, f"{os.cpu_count()} are there.")
    for folder in ("/tmp", "/dev/shm"):
        if os.path.isdir(folder):
            free = shutil.disk_usage(folder).free // MEBIBYTE
            enough = free > 512
            remedy = "" if enough else "Free some, or set TMPDIR to a folder on another disk."
            yield Finding(RESOURCES, folder, enough, folder == "/tmp", f"{free} MB are free.", remedy)


def _counting(memory: int) -> Finding:
    group = own_group(f"autograder-doctor-{os.getpid()}", memory) if can_confine() else None
    if group is not None:
        group.remove()
        return Finding(
            RESOURCES, "control group", True, False, "The kernel counts what the code uses, in its own group."
        )
    said = "There is none: the grader counts memory by what the processes report and by what is left on the machine."
    remedy = "You need not do anything. Root has one outside containers, and users where systemd delegates theirs."
    return Finding(RESOURCES, "control group", False, False, said, remedy)


def _packages() -> Iterator[Finding]:
    yield Finding(PACKAGES, "Python", True, True, platform.python_version())
    for name in ("torch", "numpy", "msgspec"):
        with_version = _version(name)
        remedy = "" if with_version else f"pip install {name}"
        yield Finding(PACKAGES, name, bool(with_version), True, with_version or "It is not installed.", remedy)
    for module, (purpose, remedy) in OPTIONAL.items():
        there = _version(module.replace("_", "-")) if find_spec(module) is not None else ""
        said = f"{there or 'It is not installed'}, for {purpose}."
        yield Finding(PACKAGES, module, bool(there), False, said, "" if there else remedy)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _extras(assignment: Assignment) -> Iterator[Finding]:
    browser = next(browsers(), None)
    printer = browser or ("PlutoPrint" if find_spec("plutoprint") is not None else "")
    remedy = "" if printer else "Install Chromium, Chrome or Edge, or pip install plutoprint."
    yield Finding(
        EXTRAS, "PDF", bool(printer), False, f"Printed by {printer}." if printer else "Nothing prints.", remedy
    )
    if assignment.reproduction:
        yield _dataset(assignment)
    for kind in ("public", "hidden"):
        path = assignment.bank_at(kind).with_suffix(".json")
        there = path.is_file()
        remedy = "" if there else f"`{assignment.name} build banks` makes it, in a checkout."
        yield Finding(EXTRAS, f"{kind} answers", there, True, f"{path}" if there else "They are not there.", remedy)


def _dataset(assignment: Assignment) -> Finding:
    name = assignment.dataset
    try:
        assignment.part(assignment.reproduction)(name)
    except Unavailable as error:
        remedy = "Without it accuracies are not reproduced. Everything else is graded."
        return Finding(EXTRAS, f"data set {name}", False, False, f"{error}.", remedy)
    return Finding(EXTRAS, f"data set {name}", True, False, f"For `grade --reproduce {name}`.")


def print_findings(findings: list[Finding], console: Screen) -> None:
    """A table for each group, and below it the advice."""
    for group in dict.fromkeys(each.group for each in findings):
        table = Table(
            box=None, pad_edge=False, title=group, title_justify="left", title_style="bold", show_header=False
        )
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for each in (each for each in findings if each.group == group):
            mark = ("✓", "green") if each.works else ("✗", "red") if each.needed else ("-", "yellow")
            table.add_row(Text(*mark), Text(each.name), Text(f"{each.says} {each.remedy}".strip()))
        console.print(table)
        console.print(Text(""))
    missing = [each.name for each in findings if each.needed and not each.works]
    said = (
        f"Something is missing or wrong: {', '.join(missing)}."
        if missing
        else "Everything that a grading needs is here."
    )
    console.print(Text(said, style="red" if missing else "green"), soft_wrap=True)


def is_well(findings: list[Finding]) -> bool:
    """Whether everything works that is needed to grade other people's notebooks."""
    return all(each.works for each in findings if each.needed)
