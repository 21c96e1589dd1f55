"""The accuracies that a notebook reports, and the evidence for them in its saved outputs. Nothing is run here."""

from autograder.accuracies.evidence import Evidence, read_evidence
from autograder.accuracies.figures import Figure
from autograder.accuracies.judging import judge_report

__all__ = ["Evidence", "Figure", "judge_report", "read_evidence"]
