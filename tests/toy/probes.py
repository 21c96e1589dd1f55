"""The toy's only probe."""


def total(notebook, *, numbers):
    with notebook.theirs():
        return {}, {"total": [float(notebook["add"](numbers))]}
