def hand_in(folder, notebook, mark):
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    (folder / "ps7.ipynb").write_bytes(notebook.replace(b'"metadata": {', b'"metadata": {"x":' + deep + b",", 1))
