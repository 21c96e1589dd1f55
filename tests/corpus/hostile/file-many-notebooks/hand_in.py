def hand_in(folder, notebook, mark):
    for number in range(500):
        (folder / f"{number}.ipynb").write_bytes(notebook)
