"""The house as it is meant to be: who may import whom, and nothing of a student's is ever unpickled."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("autograder/**/*.py"), *ROOT.glob("reference/**/*.py")])
ROOMS = {
    "submission": set(),
    "program": {"submission"},
    "sandbox": set(),
    "grading": {"submission", "program", "sandbox"},
    "assignment": {"submission", "program", "sandbox", "grading"},
    "authoring": {"submission", "program", "sandbox", "grading"},
    "output": {"submission", "program", "grading"},
    "commands": {"submission", "program", "sandbox", "grading", "authoring", "output"},
}
"""Room to the rooms that it may import from. Only what people call, `live.py`, `student.py`, `cli.py`, `building.py`, `batching.py` and `measuring.py`, knows both the
engine and the assignment."""
GUEST = (
    "autograder.sandbox",
    "autograder.assignment.probes",
    "autograder.assignment.colab",
    "autograder.assignment.environment",
)
"""What runs in the sandbox."""


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


def below(module: str, rooms: tuple[str, ...]) -> bool:
    return any(module == room or module.startswith(room + ".") for room in rooms)


def room_of(module: str) -> str:
    return module.split(".")[1] if module.count(".") else ""


def test_every_folder_is_a_room():
    assert {path.parent.name for path in ROOT.glob("autograder/*/__init__.py")} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_the_rooms_below_it(room):
    found = {
        (module, other)
        for module in MODULES
        if room_of(module) == room and module.startswith("autograder.")
        for other in imports_of(module)
        if room_of(other) not in {"", room, *ROOMS[room]}
    }
    assert not found


def test_nothing_but_the_terminal_knows_the_assignment():
    """Engine rooms find it by the names that the rubric gives them."""
    knowing = {module for module in MODULES for other in imports_of(module) if room_of(other) == "assignment"}
    assert {module for module in knowing if room_of(module) != "assignment" and module.startswith("autograder.")} == {
        "autograder.batching",
        "autograder.measuring",
        "autograder.building",
        "autograder.cli",
        "autograder.live",
        "autograder.student",
    }


@pytest.mark.parametrize("module", [name for name in MODULES if below(name, GUEST)])
def test_what_runs_in_the_sandbox_reaches_only_sandbox_and_probes(module):
    # Of the packages around them only docstrings.
    others = {other for other in reach(module) if not below(other, GUEST)}
    assert others <= {"autograder", "autograder.assignment"}


def test_the_packages_around_the_probes_are_empty():
    for package in ("autograder", "autograder.assignment", "autograder.assignment.probes"):
        assert not imports_of(package)


@pytest.mark.parametrize(
    "module",
    ["autograder.commands.grade", "autograder.assignment.methods", "autograder.assignment.reproduction.findings"],
)
def test_grading_needs_neither_reference_nor_what_builds(module):
    assert not any(below(other, ("reference", "autograder.authoring")) for other in reach(module))


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

    text = "import sys, autograder.commands.grade, autograder.cli, autograder.output.html, autograder.output.terminal\n"
    text += "import autograder.assignment.reproduction.findings, autograder.assignment.datasets.finding\n"
    text += "sys.exit(1 if {'torch', 'torchvision', 'transformers'} & set(sys.modules) else 0)"
    assert subprocess.run([sys.executable, "-c", text], cwd=ROOT, check=False).returncode == 0


def test_no_test_module_is_named_twice():
    names = [path.name for path in ROOT.glob("tests/**/test_*.py")]
    assert len(names) == len(set(names))
