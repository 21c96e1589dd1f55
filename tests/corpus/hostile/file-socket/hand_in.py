import os
import socket


def hand_in(folder, notebook, mark):
    with socket.socket(socket.AF_UNIX) as unbound:
        here = os.getcwd()
        os.chdir(folder)  # a socket's path may have no more than 107 letters
        unbound.bind("ps7.ipynb")
        os.chdir(here)
