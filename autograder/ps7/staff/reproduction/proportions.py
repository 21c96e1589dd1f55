"""Accuracies over a number of images, and their uncertainty."""

import math

NORMAL_QUANTILE = 1.96
"""The quantile for 95 %, on both sides."""


def interval(accuracy: float, tested: int) -> tuple[float, float]:
    """The 95 % confidence interval of an accuracy over that many images (Wilson, 1927)."""
    share = NORMAL_QUANTILE**2 / tested
    centre = (accuracy + share / 2) / (1 + share)
    reach = NORMAL_QUANTILE * math.sqrt(accuracy * (1 - accuracy) / tested + share / (4 * tested)) / (1 + share)
    return max(0.0, centre - reach), min(1.0, centre + reach)


def percent(value: float) -> str:
    """ "31.4 %"."""
    return f"{100 * value:.1f} %"


def with_interval(accuracy: float, tested: int) -> str:
    """ "31.4 % (29.4 - 33.5)"."""
    low, high = interval(accuracy, tested)
    return f"{percent(accuracy)} ({100 * low:.1f} - {100 * high:.1f})"
