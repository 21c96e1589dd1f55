"""Problem Set 7, made from changed files."""

import shutil

import msgspec

from autograder.ps7.student.assignment import PS7


def project_with(folder, files):
    """The assignment with a project in `folder`, in which these files have other texts."""
    shutil.copy(PS7.project / "pyproject.toml", folder)
    for name in ("student_template", "reference", "tests/frames"):
        shutil.copytree(PS7.project / name, folder / name)
    (folder / "tests" / "corpus").symlink_to(PS7.corpus)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return msgspec.structs.replace(PS7, project=folder)
