"""The zip that an instructor uploads to Gradescope.

It holds setup.sh, run_autograder and Dockerfile from the project's gradescope/ (or else from the engine's),
config.toml, the pinned versions, the list of packages, and all zones of the engine and of the assignment. It holds
nothing of the reference.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from autograder.staff.authoring import packing
from autograder.staff.authoring.packing import ENGINE, PackingError
from autograder.staff.course.policy import PolicyError, policy_of
from autograder.student.assignment import Assignment

TIMESTAMP = (2000, 1, 1, 0, 0, 0)
"""The time of all files in the zip, so that the same project gives the same bytes."""
EXECUTABLE = ("setup.sh", "run_autograder")
CONFIG = """# What your course decides; the engine's own gradescope/config.toml says what there is.
"""
"""The file's content where the project has none."""


class BundleError(Exception):
    """The zip cannot be made; the message says why."""


def build_bundle(assignment: Assignment, path: Path) -> Path:
    """Writes the zip. Raises BundleError where this is not a checkout of the project."""
    try:
        files = dict(_files(assignment))
    except (OSError, PackingError, PolicyError) as error:
        raise BundleError(str(error)) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".new")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, TIMESTAMP)
            entry.external_attr = (0o755 if name in EXECUTABLE else 0o644) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return unfinished.replace(path)


def _files(assignment: Assignment) -> Iterator[tuple[str, bytes]]:
    required = packing.requirements(assignment, assignment.gradescope_extras)
    required += packing.engines("pdf") if policy_of(assignment).pdf else []
    own = assignment.config.parent
    yield from ((path.name, path.read_bytes()) for path in sorted(own.glob("*")) if path.is_file())
    if not assignment.config.is_file():
        yield assignment.config.name, CONFIG.encode()
    for name in (*EXECUTABLE, "Dockerfile"):
        if not (own / name).is_file():
            yield name, engines_file(f"gradescope/{name}").read_bytes()
    pinned = assignment.project / "constraints.txt"
    yield "constraints.txt", (pinned if pinned.is_file() else engines_file("constraints.txt")).read_bytes()
    yield "requirements.txt", "\n".join([*required, ""]).encode()
    for place, path in packing.zones(assignment, ("guest", "student", "staff")):
        yield place, path.read_bytes()
    yield from _distribution(assignment)


def engines_file(name: str) -> Path:
    """One of the files that lie beside the engine in its project. Raises PackingError where it is missing."""
    beside = ENGINE.parent / name
    if not beside.is_file():
        raise PackingError(f"the project has no {name} of its own, which the engine has in its checkout alone")
    return beside


def _distribution(assignment: Assignment) -> Iterator[tuple[str, bytes]]:
    """The file that tells Python that the assignment is installed, because the zip is only unpacked."""
    folder = f"{assignment.name.replace('-', '_')}_bundle-{assignment.version}.dist-info"
    yield (
        f"{folder}/METADATA",
        f"Metadata-Version: 2.1\nName: {assignment.name}-bundle\nVersion: {assignment.version}\n".encode(),
    )
    lines = [
        f"[{group}]\n{name} = {target}\n"
        for group, points in packing.entry_points(assignment).items()
        for name, target in points.items()
    ]
    yield f"{folder}/entry_points.txt", "\n".join(lines).encode()


def unpack(bundle: Path, platform: Path) -> None:
    """Unpacks the zip below `platform`, as Gradescope does below /autograder."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(platform / "source")
    for folder in ("submission", "results"):
        (platform / folder).mkdir()
    script = platform / "run_autograder"
    script.write_bytes((platform / "source" / "run_autograder").read_bytes())
    script.chmod(0o755)
