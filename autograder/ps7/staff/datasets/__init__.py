"""Data sets that come with the grader, and the part of one that a guest is shown."""
