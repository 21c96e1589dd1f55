def hand_in(folder, notebook, mark):
    (folder / "ps7.ipynb").write_bytes(notebook.replace(b'"nbformat": 4', b'"nbformat": ' + b"4" * 1_000_000))
