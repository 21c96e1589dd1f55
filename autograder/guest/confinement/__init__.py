"""The layers that keep a guest from everything that it does not need. Each layer is one unit; `layers` puts them in
order."""

from autograder.guest.confinement.layers import (
    BY_USER,
    Layer,
    Place,
    by_namespace,
    can_become,
    confine,
    place_for,
    readable,
    tried,
)
from autograder.guest.confinement.seccomp import Listener

__all__ = [
    "BY_USER",
    "Layer",
    "Listener",
    "Place",
    "by_namespace",
    "can_become",
    "confine",
    "place_for",
    "readable",
    "tried",
]
