"""What keeps a guest from everything that it does not need. Each layer is one unit; `layers` puts them in order."""

from autograder.sandbox.confinement.layers import LAYERS, Place, confine, place_for, readable, tried

__all__ = ["LAYERS", "Place", "confine", "place_for", "readable", "tried"]
