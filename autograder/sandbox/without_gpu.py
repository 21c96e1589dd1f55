"""Lets code written for a Colab GPU or a Mac run where there is none: any accelerator's name means the CPU."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

CPU = torch.device("cpu")
ACCELERATORS = frozenset(("cuda", "hip", "mps", "xpu", "xla", "hpu", "npu", "mtia", "ipu", "vulkan"))
MOVES = tuple(
    getattr(torch.Tensor, name) for name in ("cuda", "xpu", "ipu", "hpu", "pin_memory") if hasattr(torch.Tensor, name)
)
"""Methods that would put a tensor on an accelerator, or near one."""
QUIET = (
    "synchronize",
    "empty_cache",
    "set_device",
    "reset_peak_memory_stats",
    "manual_seed",
    "manual_seed_all",
    "seed",
)
"""What an accelerator's module is told to do, and need not."""


def on_cpu(value: Any) -> Any:
    """A device argument with every accelerator replaced by the CPU; whatever is no device comes back as it is."""
    if isinstance(value, torch.device):
        return CPU if value.type in ACCELERATORS else value
    if isinstance(value, str) and value.partition(":")[0] in ACCELERATORS:
        return "cpu"
    return value


class Generator(torch.Generator):
    """torch's own, on the CPU."""

    def __new__(cls, device: Any = "cpu") -> "Generator":
        """One on the CPU, whichever device is asked for."""
        made: Generator = super().__new__(cls, device=on_cpu(device))
        return made


class AcceleratorMeansCpu(TorchFunctionMode):
    """Rewrites devices in every call of a torch function, `device=-1` (what `get_device()` gives on the CPU) too."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Calls `func` with its devices on the CPU."""
        keywords = {name: on_cpu(value) for name, value in (kwargs or {}).items()}
        if isinstance(keywords.get("device"), int) and not isinstance(keywords["device"], bool):
            keywords["device"] = CPU
        if func in MOVES:
            return args[0]
        if func is torch.Tensor.to and len(args) > 1 and type(args[1]) is int:
            return func(args[0], CPU, *args[2:], **keywords)
        return func(*(on_cpu(argument) for argument in args), **keywords)


def install() -> None:
    """Switches the translation on for this thread, for as long as the process lives."""
    AcceleratorMeansCpu().__enter__()
    for name in ("cuda", "xpu", "ipu", "mtia"):
        setattr(torch.nn.Module, name, lambda self, device=None: self)
    cuda: Any = torch.cuda
    for module in (cuda, torch.mps, torch.xpu):
        for name in QUIET:
            if hasattr(module, name):
                setattr(module, name, lambda *_, **__: None)
    torch.mps.current_allocated_memory = torch.mps.driver_allocated_memory = lambda: 0
    setattr(torch, "Generator", Generator)  # noqa: B010 - a type, for mypy
    cuda.get_device_name = lambda *_: "cpu"
    cuda.current_device = lambda: 0
    cuda.device = _nowhere
    for name in ("FloatTensor", "LongTensor", "HalfTensor", "IntTensor", "DoubleTensor", "ByteTensor", "BoolTensor"):
        setattr(cuda, name, getattr(torch, name))


@contextlib.contextmanager
def _nowhere(*_: Any) -> Iterator[None]:
    yield
