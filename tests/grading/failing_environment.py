"""An environment for guests that starts, and fails in the guest."""

from autograder.ps7.guest.environment import measure, preload, settings

__all__ = ["install", "measure", "preload", "settings"]


def install():
    raise OSError("no such disk")
