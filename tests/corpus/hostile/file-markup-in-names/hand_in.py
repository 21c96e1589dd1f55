def hand_in(folder, notebook, mark):
    for name in ("<script>alert(1)<|script>.ipynb", "\x1b[31m\n# 10 of 10\u202e.ipynb"):
        (folder / name).write_bytes(notebook)
