"""The house as it is meant to be: who may import whom, and nothing of a student's is ever unpickled."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("autograder/**/*.py"), *ROOT.glob("reference/**/*.py")])
GUEST = ("autograder.sandbox", "autograder.probes")
ENGINE = ("autograder.sandbox", "autograder.results", "autograder.verdicts", "autograder.compare")
GRADING = (
    "autograder.commands.grade",
    "autograder.grading",
    "autograder.examination",
    "autograder.judge",
    "autograder.bank",
)
BUILDING = ("autograder.build", "autograder.oracle", "autograder.misconceptions", "autograder.notebooks")


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


@pytest.mark.parametrize("module", [name for name in MODULES if below(name, GUEST)])
def test_what_runs_in_the_sandbox_reaches_only_sandbox_and_probes(module):
    assert all(below(other, GUEST) for other in reach(module))


@pytest.mark.parametrize("module", [name for name in MODULES if below(name, ENGINE)])
def test_the_engine_knows_nothing_of_the_assignment(module):
    assert all(below(other, ENGINE) for other in reach(module))


@pytest.mark.parametrize("module", GRADING)
def test_grading_needs_neither_reference_nor_what_builds(module):
    reached = reach(module)
    assert not any(below(other, ("reference", *BUILDING)) for other in reached)


def test_probes_hold_no_trusted_room():
    for module in MODULES:
        if below(module, ("autograder.probes",)):
            assert not {"rubric", "oracle", "bank", "judge", "results"} & {
                part for name in imports_of(module) for part in name.split(".")
            }


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

    text = "import sys, autograder.commands.grade, autograder.cli, autograder.report.html, autograder.report.terminal\n"
    text += "sys.exit(1 if {'torch', 'torchvision', 'transformers'} & set(sys.modules) else 0)"
    assert subprocess.run([sys.executable, "-c", text], cwd=ROOT, check=False).returncode == 0


def test_no_test_module_is_named_twice():
    names = [path.name for path in ROOT.glob("tests/**/test_*.py")]
    assert len(names) == len(set(names))
