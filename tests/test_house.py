"""The rules of the house: who may import whom, and that nothing of a student's is ever unpickled."""

import ast
import re
import sys
from pathlib import Path

import msgspec
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.student.assignment import BARE

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("autograder/**/*.py"), *ROOT.glob("reference/**/*.py")])
ZONES = ("guest", "student", "staff")
"""Code that runs beside a student's, code that students also get, code that only the staff has: each zone imports only
from those before it."""
ENTRANCES = {"autograder", "autograder.__main__", "autograder.live"}
"""Modules in no zone, because they are called from outside by these names; students have them."""
ROOMS = {
    "student": ("submission", "program", "sandbox", "grading", "output", "commands"),
    "staff": ("course", "authoring", "intake", "classes", "commands", "cli"),
}
"""The rooms of the engine's zones in their order: each imports only from those before it, and from the zones before its
own."""
MARKS = ("student", "staff")
"""The zones whose files a guest may not read."""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in SOURCES}


def imports_of(module: str) -> set[str]:
    """The project's own modules that a module imports, anywhere in its text."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""] + [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {name for name in names if name in MODULES}
    return found


def reach(module: str) -> set[str]:
    """All modules of the project that importing a module can load."""
    seen, fresh = set(), {module}
    while fresh:
        seen |= fresh
        fresh = set().union(*map(imports_of, fresh)) - seen
    return seen


def zone_of(module):
    """The zone of a module of the engine or of the assignment; "" for a module in no zone."""
    parts = module.split(".")[1:]
    return next((part for part in parts[:2] if part in ZONES), "")


def package_of(module):
    return module.partition(f".{zone_of(module)}")[0] if zone_of(module) else module


def room_of(module):
    """The engine's room; "" for a module at a zone's entrance."""
    parts = module.split(".")
    return parts[2] if len(parts) > 3 and parts[1] in ZONES else ""


def test_every_module_lies_in_a_zone():
    outside = {module for module in MODULES if module.startswith("autograder") and not zone_of(module)}
    assert outside == {*ENTRANCES, "autograder.ps7"}


def test_every_file_lies_in_a_zone():
    """This holds for data, too: a folder beside the zones would be in no kit, and nothing would tell who may see it."""
    for package in (ROOT / "autograder", ROOT / "autograder" / "ps7"):
        folders = {path.name for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"}
        assert folders == {*ZONES} | ({"ps7"} if package.name == "autograder" else set())
        assert all(path.suffix == ".py" for path in package.iterdir() if path.is_file())


def test_every_folder_is_a_room():
    for zone, rooms in ROOMS.items():
        assert {path.parent.name for path in ROOT.glob(f"autograder/{zone}/*/__init__.py")} == {*rooms}


@pytest.mark.parametrize("zone", ZONES)
def test_imports_run_from_the_more_secret_to_the_less(zone):
    hidden = ZONES[ZONES.index(zone) + 1 :]
    mine = [module for module in MODULES if zone_of(module) == zone]
    assert mine
    assert not [(one, other) for one in mine for other in imports_of(one) if zone_of(other) in hidden]
    if zone != "staff":
        assert not [one for one in mine if any(other.startswith("reference") for other in imports_of(one))]


@pytest.mark.parametrize("zone", ROOMS)
def test_a_room_imports_only_from_the_rooms_before_it(zone):
    rooms = ROOMS[zone]
    found = {
        (module, other)
        for module in MODULES
        for other in imports_of(module)
        if package_of(module) == package_of(other) == "autograder"
        and zone_of(module) == zone_of(other) == zone
        and room_of(module)
        and room_of(other)
        and rooms.index(room_of(other)) > rooms.index(room_of(module))
    }
    assert not found


def names_of(assignment):
    """The modules that the assignment's object names."""
    fields = msgspec.structs.asdict(assignment)
    texts = [fields[name] for name in ("environment", "data", "bands")]
    texts += [*assignment.readers.values(), *assignment.interpreters.values()]
    return {assignment.module(text.partition(":")[0]) for text in texts}


def test_what_students_are_given_serves_them():
    """A module that no code of theirs reaches is the staff's, and lies in the wrong zone."""
    called = {"autograder.student.entry", "autograder.student.cli"}
    called |= {"autograder.student.live", "autograder.student.contract"}
    called |= {"autograder.student.assignments", "autograder.ps7.student.assignment", *names_of(PS7)}
    # Named in texts that another process runs: the kernel's, the zygote's, the plain guest's.
    called |= {"autograder.ps7.student.serving.kernel", "autograder.guest.zygote", "autograder.guest.plain"}
    called |= {BARE, *(name for name in MODULES if name.startswith(PS7.module(PS7.probes)))}
    served = set().union(*map(reach, called))
    given = {
        name
        for name in MODULES
        if zone_of(name) in {"guest", "student"} and not name.startswith(PS7.module("student.cells"))
    }
    assert not {name for name in given - served if MODULES[name].name != "__init__.py"}


def needed(module):
    """Code that imports one module of a package does not need everything that the package's own file imports."""
    found = imports_of(module)
    return {each for each in found if not any(other.startswith(f"{each}.") for other in found)}


def test_no_imports_run_in_a_circle():
    left = {module: needed(module) for module in MODULES}
    while free := {module for module, others in left.items() if not others}:
        left = {module: others - free for module, others in left.items() if module not in free}
    assert not left


def test_the_engine_knows_no_assignment():
    """The engine finds an assignment by its entry point, and its parts by what its object names."""
    engine = {module for module in MODULES if package_of(module) == "autograder" or module in ENTRANCES}
    assert not [(one, other) for one in engine for other in imports_of(one) if other.startswith("autograder.ps7")]
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "autograder").rglob("*.py")}
    naming = {
        path.relative_to(ROOT).as_posix()
        for path, text in texts.items()
        if re.search(r"\bps7\b", text, re.IGNORECASE) and "ps7" not in path.parts
    }
    assert naming == {"autograder/staff/authoring/packing.py"}  # the name under which the engine is installed


@pytest.mark.parametrize("module", [name for name in MODULES if zone_of(name) == "guest"])
def test_what_runs_beside_a_students_code_reaches_nothing_else_of_ours(module):
    # Of the packages around them only docstrings.
    assert {other for other in reach(module) if zone_of(other) != "guest"} <= {"autograder", "autograder.ps7"}


def test_the_packages_around_the_zones_are_empty():
    around = [name for name in MODULES if name in {"autograder", "autograder.ps7"} or name.rpartition(".")[2] in ZONES]
    assert len(around) == 2 + 2 * len(ZONES)
    assert not [package for package in around if imports_of(package)]


@pytest.mark.parametrize("module", [name for name in MODULES if zone_of(name) in MARKS])
def test_grading_needs_neither_reference_nor_what_builds(module):
    """Only code that makes an assignment knows how it is solved, and only commands know that code."""
    if zone_of(module) == "student" or ".reproduction" in module:
        assert not [other for other in reach(module) if other.startswith(("reference", "autograder.staff.authoring"))]


def test_nothing_is_ever_unpickled():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {"pickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"} & {
                name.split(".")[0] for name in names
            }, path


def test_the_trusted_process_imports_no_torch():
    import subprocess

    text = "import sys, autograder.student.commands.grade, autograder.staff.cli, autograder.student.output.html, autograder.student.output.terminal\n"
    text += "import autograder.ps7.staff.reproduction.findings, autograder.ps7.student.datasets.locating\n"
    text += "sys.exit(1 if {'torch', 'torchvision', 'transformers'} & set(sys.modules) else 0)"
    assert subprocess.run([sys.executable, "-c", text], cwd=ROOT, check=False).returncode == 0


def test_no_test_module_is_named_twice():
    names = [path.name for path in ROOT.glob("tests/**/test_*.py")]
    assert len(names) == len(set(names))
