"""Lets code written for a Colab GPU run where there is none: `cuda` means the CPU."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

CPU = torch.device("cpu")


def on_cpu(value: Any) -> Any:
    """A device argument with every GPU replaced by the CPU; whatever is no device comes back as it is."""
    if isinstance(value, torch.device):
        return CPU if value.type == "cuda" else value
    if isinstance(value, str) and (value == "cuda" or value.startswith("cuda:")):
        return "cpu"
    return value


class CudaMeansCpu(TorchFunctionMode):
    """Rewrites devices in every call of a torch function, `device=-1` (what `get_device()` gives on the CPU) too."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Calls `func` with its devices on the CPU."""
        keywords = {name: on_cpu(value) for name, value in (kwargs or {}).items()}
        if isinstance(keywords.get("device"), int) and not isinstance(keywords["device"], bool):
            keywords["device"] = CPU
        if func is torch.Tensor.cuda:
            return args[0]
        if func is torch.Tensor.to and len(args) > 1 and type(args[1]) is int:
            return func(args[0], CPU, *args[2:], **keywords)
        return func(*(on_cpu(argument) for argument in args), **keywords)


def install() -> None:
    """Switches the translation on for this thread, for as long as the process lives."""
    CudaMeansCpu().__enter__()
    torch.nn.Module.cuda = lambda self, device=None: self
    cuda: Any = torch.cuda
    for name in (
        "synchronize",
        "empty_cache",
        "set_device",
        "reset_peak_memory_stats",
        "manual_seed",
        "manual_seed_all",
    ):
        setattr(cuda, name, lambda *_, **__: None)
    cuda.get_device_name = lambda *_: "cpu"
    cuda.current_device = lambda: 0
    cuda.device = _nowhere
    for name in ("FloatTensor", "LongTensor", "HalfTensor", "IntTensor", "DoubleTensor", "ByteTensor", "BoolTensor"):
        setattr(cuda, name, getattr(torch, name))


@contextlib.contextmanager
def _nowhere(*_: Any) -> Iterator[None]:
    yield
