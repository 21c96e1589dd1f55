import zipfile


def hand_in(folder, notebook, mark):
    with zipfile.ZipFile(folder / "ps7.ipynb", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ps7.ipynb", bytes(10 * 2**20))
