import os
import stat


def hand_in(folder, notebook, mark):
    try:
        os.mknod(folder / "ps7.ipynb", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:  # of whoever is not root
        os.mkfifo(folder / "ps7.ipynb")
