MODULES = ("json", "os", "numpy", "msgspec", "typer", "sitecustomize", "usercustomize", "conftest", "runpy", "harm", "readline")


def hand_in(folder, notebook, mark):
    harm = f"open({str(mark)!r}, 'w').close()\n"
    for name in MODULES:
        (folder / f"{name}.py").write_text(harm)
    for name in ("autograder", "reference", "torch", ".ipython/profile_default/startup"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(harm)
    (folder / "harm.pth").write_text(f"import os; open({str(mark)!r}, 'w').close()\n")
    (folder / "pyvenv.cfg").write_text("home = .\n")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p harm\n")
    (folder / "config.toml").write_text("[ps7]\npoints = 100\n")
    (folder / "ps7.ipynb").write_bytes(notebook)
