"""Makes torch's optimizers skip what takes most of the time of a tiny model's step: the hundred calls of their own
arithmetic do not go through the function mode of `gpu`, because none names a device, and nothing is recorded for a
profiler."""

import contextlib
import functools
import sys
from collections.abc import Callable
from typing import Any

import torch


class Unrecorded(contextlib.ContextDecorator):
    """Replaces torch.autograd.profiler.record_function, because no profiler reads the record."""

    def __init__(self, *_: Any) -> None: ...

    def __enter__(self) -> "Unrecorded":
        return self

    def __exit__(self, *_: object) -> None: ...


def lighten() -> None:
    """Sets this up for the whole process, before any notebook's code."""
    profiler: Any = torch.autograd.profiler
    profiler.record_function = Unrecorded
    for kind in [torch.optim.Optimizer, *torch.optim.Optimizer.__subclasses__()]:
        module = sys.modules[kind.__module__]
        name = module.__name__.rpartition(".")[2]  # the module torch.optim.adam has a function adam
        for place, part in [(kind, "_init_group"), (kind, "zero_grad"), (module, name)]:
            if callable(function := vars(place).get(part)):
                setattr(place, part, _past_modes(function))


def _past_modes(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def called(*arguments: Any, **options: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return function(*arguments, **options)

    return called
