"""Libraries for tests, imported when a test first uses them.

Each process of a run collects all tests, and many of them fork: a fork costs 3 ms where nothing large was imported, and
0.15 s where torch and transformers were.
"""

import importlib
from typing import Any


class Late:
    """Stands for a module until something of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith(("__", "_mock")):  # pytest looks so at all that a module of tests holds
            raise AttributeError(attribute)
        return getattr(importlib.import_module(self._name), attribute)


torch = Late("torch")
nn = Late("torch.nn")
functional = Late("torch.nn.functional")
