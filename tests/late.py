"""Libraries for tests, imported when a test first uses them.

Each process of a run collects all tests, and many tests fork. A fork costs 0.15 s where large libraries such as torch
and transformers were imported, and 3 ms where they were not.
"""

import importlib
from typing import Any


class Late:
    """Stands for a module until one of its attributes is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith(("__", "_mock")):  # pytest asks this of everything in a module of tests
            raise AttributeError(attribute)
        return getattr(importlib.import_module(self._name), attribute)


torch = Late("torch")
nn = Late("torch.nn")
functional = Late("torch.nn.functional")
