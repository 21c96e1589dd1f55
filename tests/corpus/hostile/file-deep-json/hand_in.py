def hand_in(folder, notebook, mark):
    (folder / "ps7.ipynb").write_bytes(b"[" * 1_000_000)
