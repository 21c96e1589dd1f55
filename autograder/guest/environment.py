"""What guests have where an assignment asks for nothing else: numpy and torch, as they are."""

import gc
import importlib
import random
import time
from collections.abc import Callable

PRELOADED = ("numpy", "torch")


def preload() -> None:
    """Imports both packages. Other packages that a notebook uses are imported in its guest."""
    gc.disable()  # collecting garbage among the imported objects would take a seventh of the time of the import
    for name in PRELOADED:
        importlib.import_module(name)
    importlib.import_module("torch").set_num_threads(1)
    gc.enable()


def measure() -> float:
    """Seconds that this machine takes for a few products of matrices."""
    import numpy as np

    matrix = np.full((256, 256), 0.01)
    started = time.perf_counter()
    for _ in range(20):
        matrix = np.tanh(matrix @ matrix)
    return time.perf_counter() - started


def settings() -> Callable[[], None]:
    """Remembers how both packages are set now; the returned function restores that."""
    import numpy as np
    import torch

    errors, dtype = np.geterr(), torch.get_default_dtype()

    def put_back() -> None:
        np.seterr(**errors)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(True)
        torch.set_num_threads(1)

    return put_back


def install() -> None:
    """Gives each guest the same random numbers."""
    import numpy as np
    import torch

    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
