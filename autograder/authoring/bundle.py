"""The zip that an instructor uploads to Gradescope.

In it are setup.sh, run_autograder, config.toml and Dockerfile as they stand in gradescope/, the pinned versions, the
list of packages, and the package `autograder` with both banks. Of the reference there is nothing in it.
"""

import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from autograder.grading.assignment import Assignment

TIMESTAMP = (2000, 1, 1, 0, 0, 0)
"""Of all files in the zip, so that the same project gives the same bytes."""
EXECUTABLE = ("setup.sh", "run_autograder")


class BundleError(Exception):
    """The zip cannot be made; the message says why."""


def build_bundle(assignment: Assignment, path: Path) -> Path:
    """Writes the zip. Raises BundleError where this is no checkout of the project."""
    files = dict(_files(assignment))
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, TIMESTAMP)
            entry.external_attr = (0o755 if name in EXECUTABLE else 0o644) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return path


def _files(assignment: Assignment) -> Iterator[tuple[str, bytes]]:
    root = assignment.root
    try:
        for path in sorted((root / "gradescope").iterdir()):
            yield path.name, path.read_bytes()
        yield "constraints.txt", (root / "constraints.txt").read_bytes()
        yield "requirements.txt", "\n".join([*_requirements(root / "pyproject.toml"), ""]).encode()
        for path in sorted((root / "autograder").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(root).as_posix(), path.read_bytes()
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise BundleError(f"the zip is made in a checkout of the project, and this is none: {error}") from None


def _requirements(project: Path) -> list[str]:
    declared = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    return [*declared["dependencies"], *declared["optional-dependencies"]["colab"]]


def unpack(bundle: Path, platform: Path) -> None:
    """Lays the zip out below `platform` as Gradescope does below /autograder."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(platform / "source")
    for folder in ("submission", "results"):
        (platform / folder).mkdir()
    script = platform / "run_autograder"
    script.write_bytes((platform / "source" / "run_autograder").read_bytes())
    script.chmod(0o755)
