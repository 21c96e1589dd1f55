"""The accuracies that a notebook reports, and the evidence for them in its saved outputs. Nothing is run here."""

from autograder.assignment.report.evidence import Evidence, read_evidence
from autograder.assignment.report.figures import Figure
from autograder.assignment.report.findings import accuracies

__all__ = ["Evidence", "Figure", "accuracies", "read_evidence"]
