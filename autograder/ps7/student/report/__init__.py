"""The accuracies that a notebook reports, and the evidence for them in its saved outputs. Nothing is run here."""

from autograder.ps7.student.report.evidence import Evidence, read_evidence
from autograder.ps7.student.report.figures import Figure
from autograder.ps7.student.report.findings import accuracies

__all__ = ["Evidence", "Figure", "accuracies", "read_evidence"]
