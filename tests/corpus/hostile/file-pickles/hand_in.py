import os
import pickle


def hand_in(folder, notebook, mark):
    class Harm:
        def __reduce__(self):
            return os.mkdir, (str(mark),)

    for name in ("encoder.pt", "ae.pth", "clip.pkl", "images.npy", "weights.safetensors"):
        (folder / name).write_bytes(pickle.dumps({"encoder.0.weight": Harm()}))
    (folder / "ps7.ipynb").write_bytes(notebook)
