def hand_in(folder, notebook, mark):
    (folder / "ps7.ipynb").symlink_to(folder / "ps7.ipynb")
