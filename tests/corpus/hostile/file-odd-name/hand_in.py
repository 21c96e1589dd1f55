def hand_in(folder, notebook, mark):
    (folder / "pro'blem \"7\"\n$(touch x) `x` \u202e.ipynb").write_bytes(notebook)
