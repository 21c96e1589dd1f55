"""Asks for the places of the largest values in each row: whole numbers, (N, k)."""


def places(notebook, *, rows, k):
    import numpy as np

    with notebook.theirs():
        return {}, {"places": np.array(notebook["largest"](rows, k))}
