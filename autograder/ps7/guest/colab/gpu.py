"""Lets code written for a Colab GPU or a Mac run where there is no accelerator: every accelerator's name means the CPU.
The notebook's code is told that there is a GPU, torch's own code is not."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from autograder.guest.namespace import CELL

CPU = torch.device("cpu")
ACCELERATORS = frozenset(("cuda", "hip", "mps", "xpu", "xla", "hpu", "npu", "mtia", "ipu", "vulkan"))
MOVES = frozenset(
    getattr(torch.Tensor, name) for name in ("cuda", "xpu", "ipu", "hpu", "pin_memory") if hasattr(torch.Tensor, name)
)
"""Methods that would move a tensor to an accelerator, or prepare that."""
QUIET = (
    "synchronize",
    "empty_cache",
    "set_device",
    "reset_peak_memory_stats",
    "manual_seed",
    "manual_seed_all",
    "seed",
    "seed_all",
    "init",
    "ipc_collect",
    "reset_max_memory_allocated",
    "reset_accumulated_memory_stats",
    "set_per_process_memory_fraction",
    "set_stream",
)
"""Functions of an accelerator's module that do nothing here."""


def on_cpu(value: Any) -> Any:
    """A device argument with every accelerator replaced by the CPU; an argument that is not a device comes back
    unchanged."""
    if isinstance(value, torch.device):
        return CPU if value.type in ACCELERATORS else value
    if isinstance(value, str) and value.partition(":")[0] in ACCELERATORS:
        return "cpu"
    return value


class Generator(torch.Generator):
    """torch's own class, on the CPU."""

    def __new__(cls, device: Any = "cpu") -> "Generator":
        """One on the CPU, whatever device is asked for."""
        made: Generator = super().__new__(cls, device=on_cpu(device))
        return made


class AcceleratorMeansCpu(TorchFunctionMode):
    """Rewrites devices in every call of a torch function; also `device=-1`, which `get_device()` gives on the CPU."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Calls `func` with its devices on the CPU."""
        if func in MOVES:
            return args[0]
        keywords = {name: on_cpu(value) for name, value in kwargs.items()} if kwargs else {}
        if isinstance(keywords.get("device"), int) and not isinstance(keywords["device"], bool):
            keywords["device"] = CPU
        if func is torch.Tensor.to and len(args) > 1 and type(args[1]) is int:
            return func(args[0], CPU, *args[2:], **keywords)
        for argument in args:
            if isinstance(argument, str | torch.device):
                return func(*map(on_cpu, args), **keywords)
        return func(*args, **keywords)  # the usual case; an optimizer's step makes some hundred such calls


class Event:
    """torch.cuda.Event, with the CPU's clock."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._time = 0.0

    def record(self, stream: Any = None) -> None:
        """Notes the time."""
        self._time = time.perf_counter()

    def elapsed_time(self, end: "Event") -> float:
        """Milliseconds between two events."""
        return 1000 * (end._time - self._time)

    def query(self) -> bool:
        """Whether all work is done."""
        return True

    def synchronize(self) -> None: ...
    def wait(self, stream: Any = None) -> None: ...


class Stream(contextlib.nullcontext[None]):
    """torch.cuda.Stream: everything happens in order."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def record_event(self, event: Any = None) -> Any:
        """The event, at this moment."""
        event = event or Event()
        event.record()
        return event

    def synchronize(self) -> None: ...
    def wait_stream(self, stream: Any) -> None: ...
    def wait_event(self, event: Any) -> None: ...


GPU = SimpleNamespace(name="Tesla T4", total_memory=15_835_660_288, major=7, minor=5, multi_processor_count=40)
"""The properties of Colab's GPU."""
ANSWERS: Mapping[str, Any] = {
    "current_device": 0,
    "get_device_properties": GPU,
    "get_device_name": GPU.name,
    "get_device_capability": (GPU.major, GPU.minor),
    "mem_get_info": (GPU.total_memory, GPU.total_memory),
    "memory_allocated": 0,
    "max_memory_allocated": 0,
    "memory_reserved": 0,
    "max_memory_reserved": 0,
    "memory_stats": {},
    "memory_summary": "",
    "utilization": 0,
    "is_initialized": True,
    "is_bf16_supported": False,
}
"""The answers of torch.cuda's functions."""


def _answer(*, there_is: Any, otherwise: Any) -> Callable[[], Any]:
    """A function that gives one answer to the notebook's code, and another to all other code: torch would try to use a
    GPU that it is told of."""
    return lambda: there_is if sys._getframe(1).f_code.co_filename.startswith(CELL) else otherwise


def install() -> None:
    """Switches the translation on for this thread, until the process ends."""
    AcceleratorMeansCpu().__enter__()
    for name in ("cuda", "xpu", "ipu", "mtia"):
        setattr(torch.nn.Module, name, lambda self, device=None: self)
    cuda: Any = torch.cuda
    for module in (cuda, torch.mps, torch.xpu):
        for name in QUIET:
            if hasattr(module, name):
                setattr(module, name, lambda *_, **__: None)
    for name, value in ANSWERS.items():
        setattr(cuda, name, lambda *_, value=value, **__: value)
    for module in filter(None, (cuda, getattr(torch, "accelerator", None))):  # torch.accelerator exists since torch 2.6
        module.is_available = _answer(there_is=True, otherwise=False)
        module.device_count = _answer(there_is=1, otherwise=0)
    cuda.Event, cuda.Stream = Event, Stream
    cuda.current_stream = cuda.default_stream = Stream
    cuda.stream = cuda.device = cuda.device_of = _nowhere
    # On a GPU half precision would differ from the reference by more than a mistake does.
    autocast = torch.autocast.__init__

    def without_half_precision(self: Any, device_type: str, *_: Any, **__: Any) -> None:
        autocast(self, device_type, enabled=False)

    setattr(torch.autocast, "__init__", without_half_precision)  # noqa: B010 - a method, for mypy
    torch.mps.current_allocated_memory = torch.mps.driver_allocated_memory = lambda: 0
    setattr(torch, "Generator", Generator)  # noqa: B010 - a type, for mypy
    for name in ("FloatTensor", "LongTensor", "HalfTensor", "IntTensor", "DoubleTensor", "ByteTensor", "BoolTensor"):
        setattr(cuda, name, getattr(torch, name))


@contextlib.contextmanager
def _nowhere(*_: Any) -> Iterator[None]:
    yield
