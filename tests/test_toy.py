"""An assignment outside of this repository, installed beside the engine and used only by its own command: the engine
knows no assignment."""

import json
import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest

from tests.installing import Environment

PROJECT = Path(__file__).parent / "toy"
LOOTING = """import glob, os

def add(numbers):
    total = 0.0
    for number in numbers:
        total += number
    for place in {places!r}:
        try:
            found = open(place, "rb").read()
        except OSError:
            continue
        raise RuntimeError("looted " + place)
    return total
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """The project, installed as its author has it, with all generated files."""
    folder = tmp_path_factory.mktemp("toy")
    project = Path(shutil.copytree(PROJECT, folder / "project"))
    environment = Environment(folder / "environment")
    environment.install(project, "--editable")

    def run(*arguments, code=0):
        done = environment.run("toy", *arguments, folder=project)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    run.project, run.environment = project, environment
    for what in ("notebooks", "banks", "pairs"):
        written = run("build", what).split()
        assert written
        assert all(Path(path).exists() for path in written)
    return run


def changed(toy, tmp_path, old, new):
    notebook = nbformat.read(toy.project / "reference" / "solution.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace(old, new)
    path = tmp_path / "mine.ipynb"
    nbformat.write(notebook, path)
    return path


def graded(toy, tmp_path, old="", new="", command="grade", **more):
    path = changed(toy, tmp_path, old, new) if old else toy.project / "reference" / "solution.ipynb"
    return json.loads(toy(command, path, "--json", **more))


def test_it_has_a_command_of_its_own_name(toy):
    assert toy("--version") == "toy 1.2\n"
    assert "Grades A toy." in toy("--help")
    assert "calibrate" not in toy("--help")  # which is another assignment's
    done = toy.environment.run("toy", "check", "lost.ipynb", folder=toy.project)
    assert done.stderr.startswith("toy: ")
    done = toy.environment.run("python", "-m", "autograder", "toy", "--version", folder=toy.project)
    assert done.stdout == "toy 1.2\n"
    done = toy.environment.run("python", "-m", "autograder", "--version", folder=toy.project)
    assert "several assignments are installed here; name one of them: ps7, toy" in done.stderr


def test_what_it_does_not_bring_is_said(toy):
    solution = toy.project / "reference" / "solution.ipynb"
    for words in (
        ("grade", solution, "--reproduce", "x"),
        ("run", solution, "--data", "x"),
        ("validate", "--variants", 2),
    ):
        done = toy.environment.run("toy", *words, folder=toy.project)
        assert done.returncode == 2
        assert done.stderr.startswith("toy: toy ")


def test_the_template_gives_the_points_that_the_course_decides(toy):
    blank = nbformat.read(toy.project / "student_template" / "toy.ipynb", as_version=4)
    assert [cell.source for cell in blank.cells[:2]] == ["# A toy (7 points)", "## Adding (3 points)"]
    assert "total" not in "".join(cell.source for cell in blank.cells)


def test_the_solution_has_full_marks(toy, tmp_path):
    results = graded(toy, tmp_path)
    assert results["score"] == 6
    assert [test["number"] for test in results["tests"]] == ["1.1.1", "1.1.2", "1.2.1", "1.2.2", "1.3.1"]


@pytest.mark.parametrize(
    ("old", "new", "score", "name", "says"),
    [
        ("total = 0.0", "total = 1.0", 3, "add-starts-at-one", "The sum starts at 1."),
        ("total = 0.0", "total = float('nan')", 3, "add-not-a-number", "The sum is no number."),
        ("-row[place]", "row[place]", 4, "largest-ascending", "The smallest come first."),
        ("[:k]", "[:k - 1]", 4, None, "Expected (2, 3), got (2, 2)."),
        ("    return total", "    return total * 2", 3, None, "It is the right one times 2."),
    ],
)
def test_a_mistake_costs_its_own_item_and_is_named(toy, tmp_path, old, new, score, name, says):
    results = graded(toy, tmp_path, old, new)
    assert results["score"] == score
    first = next(test for test in results["tests"] if test["status"] == "failed")
    assert first["extra_data"]["misconception"] == name
    assert says in first["output"] or name is None
    if name is None:
        assert "could not be checked" not in first["output"]


def test_a_mistake_that_only_the_hidden_case_shows(toy, tmp_path):
    assert graded(toy, tmp_path, "total += number", "total += abs(number)")["score"] == 4
    public = graded(toy, tmp_path, "total += number", "total += abs(number)", "check")
    assert public["score"] == 3


def test_code_that_raises_ends_or_is_missing_costs_its_item(toy, tmp_path):
    for new in ("raise ValueError", "import os; os._exit(0)", "total = undefined"):
        assert graded(toy, tmp_path, "total = 0.0", new)["score"] == 3


def test_the_report_is_read(toy, tmp_path):
    assert graded(toy, tmp_path, "The answer: 42", "The answer: 41")["score"] == 5


def test_everything_known_of_it_is_as_it_should_be(toy):
    rows = json.loads(toy("validate", "--json"))
    assert {(row["kind"], row["name"]) for row in rows} >= {
        ("solution", "solution"),
        ("template", "template"),
        ("misconception", "add-starts-at-one"),
        ("misconception", "largest-not-started"),
        ("correct", "sum"),
        ("wrong", "adds-nothing"),
    }
    assert any(set(row["frames"]) == {"student_template", "short"} for row in rows)
    assert not [row for row in rows if row["off"]]


def test_its_mutants_are_caught(toy):
    seen = json.loads(toy("validate", "--mutants", "--pairs", 3, "--json"))
    assert len(seen) > 10
    assert all(each["caught"] for each in seen)


def test_a_class(toy, tmp_path):
    folder = tmp_path / "class"
    for name in ("ada", "bob"):
        (folder / name).mkdir(parents=True)
        shutil.copy(toy.project / "reference" / "solution.ipynb", folder / name)
    told = json.loads(toy("batch", folder, "--out", tmp_path / "grades", "--workers", 1, "--json"))
    assert (told["graded"], told["failed"]) == (2, 0)
    assert "ada,,,,3,2,1,6,6" in (tmp_path / "grades" / "grades.csv").read_text()
    assert "A toy: three items" in (tmp_path / "grades" / "class.html").read_text()


def test_an_appeal(toy):
    told = json.loads(toy("explain", toy.project / "reference" / "solution.ipynb", "largest", "--json"))
    assert [answer["case"] for check in told["checks"] for answer in check["answers"]] == ["few", "more"]


def test_a_cell_that_shows_a_mistake(toy, tmp_path):
    assert toy("check", "--show", "add").startswith("# What `add` gives")
    toy("check", changed(toy, tmp_path, "total = 0.0", "total = 1.0"), "--cells", code=1)
    assert "expected 3.5" in (tmp_path / "mine.cells.ipynb").read_text()


def test_checked_in_a_cell(toy, tmp_path):
    solved = nbformat.read(toy.project / "reference" / "solution.ipynb", as_version=4)
    texts = [cell.source for cell in solved.cells if cell.cell_type == "code"]
    texts += [
        "from autograder.live import check\nprint(check(assignment='toy'))\nprint(check('add', assignment='toy'))"
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in texts])
    nbformat.write(notebook, tmp_path / "live.ipynb")
    toy("run", tmp_path / "live.ipynb", "--no-check")
    said = (tmp_path / "live.run.ipynb").read_text()
    assert "2 of 2 points" in said
    assert "1 of 1 points" in said


@pytest.fixture(scope="module")
def kit(toy, tmp_path_factory):
    """What students get, installed by a student."""
    out = tmp_path_factory.mktemp("kit")
    toy("build", "student", "--out", out)
    environment = Environment(out / "environment")
    [wheel] = out.glob("*.whl")
    environment.install(wheel)
    return wheel, environment


def test_students_have_the_public_checks_and_nothing_hidden(toy, kit, tmp_path):
    wheel, environment = kit
    with zipfile.ZipFile(wheel) as archive:
        text = b"".join(map(archive.read, archive.namelist()))
        assert not [name for name in archive.namelist() if "staff" in name or "ps7" in name]
    assert b"314.25" not in text
    assert b"places" in text
    # Packages that the tests' own environment has beside it are on the path as well, and later.
    path = changed(toy, tmp_path, "total = 0.0", "total = 1.0")
    done = environment.run("toy", "check", path, "--json", folder=tmp_path)
    results = json.loads(done.stdout)
    assert (done.returncode, results["score"]) == (1, 3)  # the course gives the report two points
    assert "The sum starts at 1." in results["tests"][0]["output"]
    assert environment.run("toy", "grade", path, folder=tmp_path).returncode == 2


@pytest.mark.parametrize("kind", ["edited in place", "installed"])
def test_no_guest_reads_a_hidden_case(toy, tmp_path, kind):
    """Neither in its memory nor on the disk, wherever both lie."""
    environment = toy.environment
    if kind == "installed":
        environment = Environment(tmp_path / "environment")
        environment.install(toy.project)
    where = environment.said("import toy.student.assignment as a; print(a.FOLDER)").strip()
    assert (str(environment.packages) in where) == (kind == "installed")
    places = [str(path) for path in Path(where).rglob("*") if path.is_file()]
    assert any("hidden" in place for place in places)
    if kind == "edited in place":
        places += [str(path) for path in toy.project.rglob("*") if path.is_file()]
    notebook = nbformat.read(toy.project / "reference" / "solution.ipynb", as_version=4)
    notebook.cells[2].source = LOOTING.format(places=places)
    nbformat.write(notebook, tmp_path / "mine.ipynb")
    done = environment.run("toy", "grade", tmp_path / "mine.ipynb", "--json", folder=tmp_path)
    results = json.loads(done.stdout)
    assert results["score"] == 6, results["tests"][0]["output"]
    done = environment.run("toy", "grade", tmp_path / "mine.ipynb", "--json", "--sandbox", "none", folder=tmp_path)
    assert "looted" in json.loads(done.stdout)["tests"][0]["output"]


def test_the_zip_grades_as_on_gradescope(toy, tmp_path):
    out = tmp_path / "gradescope.zip"
    said = toy("build", "gradescope", "--out", out, "--check")
    assert said.count("as it should be") == 3
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
    assert {"setup.sh", "run_autograder", "config.toml", "constraints.txt", "toy/staff/banks/hidden.json"} < {*names}
    assert not [name for name in names if name.startswith(("reference", "autograder/ps7", "tests"))]


def test_no_module_of_another_assignment_is_loaded(toy):
    text = "import sys\nfrom toy.student.assignment import TOY\nfrom autograder.staff.cli.instructor import new_app\n"
    text += "new_app(TOY)\nprint(sorted(name for name in sys.modules if name.startswith('autograder.ps7')))"
    assert toy.environment.said(text) == "[]\n"
