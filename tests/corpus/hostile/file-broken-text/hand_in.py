def hand_in(folder, notebook, mark):
    broken = notebook.replace(b'"cells": [', b'"cells": [{"cell_type": "markdown", "source": "\\ud800 \xff\xfe"},', 1)
    (folder / "ps7.ipynb").write_bytes(broken)
