import json


def hand_in(folder, notebook, mark):
    content = json.loads(notebook)
    cell = next(each for each in content["cells"] if each["cell_type"] == "code")
    cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": "<b>10</b>" * 5_500_000}}]
    (folder / "ps7.ipynb").write_text(json.dumps(content))
