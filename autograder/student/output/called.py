"""By which name people call what is at work, for sentences that tell them what to type."""


class Command:
    """The command that is at work."""

    name = "autograder"
    """The assignment's, once that is known."""
