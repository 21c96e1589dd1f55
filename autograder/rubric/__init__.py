"""Items, checks, points, visibility, tolerances and sentences: what an instructor edits, in `ps7.toml` beside this
file."""

from autograder.rubric.models import Case, Check, Item, Rubric, load

__all__ = ["Case", "Check", "Item", "Rubric", "load"]
