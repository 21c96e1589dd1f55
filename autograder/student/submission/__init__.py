"""Turns the file that was handed in into a Notebook, or into the reason why it cannot be read."""
