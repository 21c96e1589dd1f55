"""A whole class: collecting what was handed in, grading it, and pages to look at."""
