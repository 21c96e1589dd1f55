"""Data sets that come with the grader, and what a guest is shown of one."""
