"""Asks for sums."""


def total(notebook, *, numbers):
    with notebook.theirs():
        return {}, {"total": [float(notebook["add"](numbers))]}
