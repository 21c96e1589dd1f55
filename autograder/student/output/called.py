"""The name by which people call the command that runs, for sentences that tell them what to type."""


class Command:
    """The command that runs."""

    name = "autograder"
    """The assignment's name, once it is known."""
