"""What a guest finds installed: torch is real; everything else of a Colab notebook is loaded lazily, blank, or a
stand-in from `colab`. Packages that are in no list are imported as they are; where one is missing, the grader is at
fault."""

import builtins
import gc
import importlib
import sys
import time
import types
import warnings
from collections.abc import Callable
from typing import Any

from autograder.guest.modules import Blank, Finder

MEASURING = ("torchmetrics", "torcheval", "evaluate")
"""Packages that only print how good something is; they are not needed for that."""
LAZY = (
    "torch._dynamo",
    "torchvision",
    "transformers",
    *MEASURING,
    "timm",
    "einops",
    "pandas",
    "scipy",
    "sklearn",
    "skimage",
    "PIL",
)
BLANK = (
    "autograder.live",
    "albumentations",
    "cv2",
    "fastprogress",
    "gdown",
    "google",
    "imageio",
    "ipywidgets",
    "kaggle",
    "matplotlib",
    "plotly",
    "requests",
    "seaborn",
    "tensorboard",
    "tensorboardX",
    "threadpoolctl",
    "torch.utils.tensorboard",
    "torchinfo",
    "torchsummary",
    "torchviz",
    "tqdm",
    "wandb",
    "IPython",
)


def preload() -> None:
    """Imports what every guest needs and what is slow to import. Runs in the zygote, before any student's code."""
    gc.disable()  # collecting garbage among the imported objects would take a seventh of the time of the import
    _leave_out_the_compiler()
    for name in ("numpy", "torch", "torch.nn.functional", "torch.optim", "torch.utils.data", "torch.overrides"):
        importlib.import_module(name)
    importlib.import_module("torch.utils._python_dispatch")
    from autograder.ps7.guest.colab import optimizers  # it needs torch

    optimizers.lighten()
    importlib.import_module("torch").set_num_threads(1)
    gc.enable()


def measure() -> float:
    """Seconds, some hundredths, that this machine takes for a fixed piece of work like the probes' work."""
    import torch

    images = torch.ones(64, 3, 64, 64)
    weight = torch.full((24, 3, 4, 4), 0.01)
    started = time.perf_counter()
    with torch.no_grad():
        for _ in range(3):
            torch.nn.functional.conv2d(images, weight, stride=2, padding=1).relu().sum().item()
    return time.perf_counter() - started


def settings() -> Callable[[], None]:
    """Remembers how torch and numpy are set now; the returned function restores that."""
    import numpy as np
    import torch

    errors, dtype, modes = np.geterr(), torch.get_default_dtype(), torch._C._len_torch_function_stack()
    hooks = [each for name, each in vars(torch.nn.modules.module).items() if name.startswith("_global_")]

    def put_back() -> None:
        np.seterr(**errors)
        while torch._C._len_torch_function_stack() > modes:
            torch._C._pop_torch_function_stack()
        # The mode behind `set_default_device` has just been removed.
        vars(torch._GLOBAL_DEVICE_CONTEXT).clear()
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(True)
        torch._C._set_deterministic_algorithms(False)  # torch's own function for this imports its compiler
        torch.autograd.set_detect_anomaly(False)
        torch.set_num_threads(1)
        for each in hooks:
            if isinstance(each, dict):
                each.clear()

    return put_back


def install() -> None:
    """Prepares one guest, before any student code."""
    import torch

    from autograder.ps7.guest.colab import files, gpu
    from autograder.ps7.guest.colab.progress import nothing

    finder().install()
    gpu.install()
    files.install()
    torch.manual_seed(0)
    torch.compile = lambda model=None, **_: model if model is not None else (lambda function: function)
    # IPython's own names; shell lines and magics have become calls of `get_ipython`
    vars(builtins).update(get_ipython=Blank(), display=nothing)
    warnings.simplefilter("ignore")


def finder() -> Finder:
    """The import hook of a guest."""
    from autograder.ps7.guest.colab import drawing, progress
    from autograder.ps7.guest.colab.tokenizers import StandInTokenizer

    tokenizers = dict.fromkeys(
        ("AutoTokenizer", "BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast"),
        StandInTokenizer,
    )
    figures = {"subplots": drawing.subplots, "hist": drawing.histogram}
    figures |= dict.fromkeys(("gca", "axes", "subplot"), drawing.axes)
    return Finder(
        lazy=LAZY,
        blank=BLANK,
        spare=MEASURING,
        answers={
            "transformers": tokenizers,
            "torch._dynamo": {"graph_break": progress.nothing, "disable": _same, "is_compiling": _false},
            "torchvision.utils": {"make_grid": drawing.make_grid, "save_image": progress.nothing},
            "matplotlib.pyplot": figures,
            "cv2": {"imread": drawing.picture, "cvtColor": drawing.first, "resize": drawing.first},
            **progress.MODULES,
        },
    )


def _leave_out_the_compiler() -> None:
    """Stops torch's optimizers from importing its compiler on their first step, which takes longer than all grading."""
    switch: Any = types.ModuleType("torch._compile")
    switch._disable_dynamo = _same
    sys.modules["torch._compile"] = switch


def _same(function: Any = None, *_: Any, **__: Any) -> Any:
    return function if function is not None else _same


def _false(*_: Any, **__: Any) -> bool:
    return False
