import os


def hand_in(folder, notebook, mark):
    os.mkfifo(folder / "ps7.ipynb")
