"""What comes of a function that is run within bounds, where it is not what the function returns."""

from autograder.guest.outcomes import Fault


class Exhausted(Exception):
    """The function took more time or memory than it may; `str(e)` says which, for the student."""


class Failed(Exception):
    """The function raised, which is its own mistake."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault
