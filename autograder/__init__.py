"""An autograder that judges by difference: the same probe is put to the student's notebook and to the reference."""

__version__ = "0.1.0"
