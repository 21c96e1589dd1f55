"""The toy's object."""

from pathlib import Path

from autograder.student.assignment import Assignment

FOLDER = Path(__file__).parents[1]
TOY = Assignment(
    name="toy",
    title="A toy",
    version="1.2",
    package="toy",
    folder=FOLDER,
    project=FOLDER.parent,
    environment="guest.environment",
    readers={"answer": "student.reading:answer"},
    samples=("adds-nothing",),
)
