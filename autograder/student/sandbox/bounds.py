"""What a function that is run within limits can end in, apart from its value."""

from autograder.guest.outcomes import Fault


class Exhausted(Exception):
    """The function took more time or memory than it may; `str(e)` says which, for the student."""


class Failed(Exception):
    """The function raised an exception, which is the grader's own mistake."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault
