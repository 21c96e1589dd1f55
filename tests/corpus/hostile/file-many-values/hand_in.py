def hand_in(folder, notebook, mark):
    (folder / "ps7.ipynb").write_bytes(b'{"cells": [' + b"[]," * 16_000_000 + b"[]]}")
