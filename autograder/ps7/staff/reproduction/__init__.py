"""Accuracies measured by the grader itself: the notebook's own functions train on images whose test labels they never
see, and the accuracies are compared with the reference's on the same images."""

from autograder.ps7.staff.reproduction.findings import reproduction_on

__all__ = ["reproduction_on"]
