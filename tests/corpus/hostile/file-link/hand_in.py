def hand_in(folder, notebook, mark):
    solved = mark.with_suffix(".ipynb")
    solved.write_bytes(notebook)
    (folder / "ps7.ipynb").symlink_to(solved)
