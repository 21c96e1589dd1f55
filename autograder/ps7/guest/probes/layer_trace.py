"""Which layers a module really applies, seen from the operations that it dispatches, however it was written."""

import sys
from collections import Counter
from types import FrameType
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.guest.namespace import CELL

ACTIVATIONS = {
    "relu": "ReLU",
    "sigmoid": "sigmoid",
    "gelu": "GELU",
    "leaky_relu": "leaky ReLU",
    "tanh": "tanh",
    "elu": "ELU",
    "silu": "SiLU",
    "clamp_min": "clamp at 0",
    "hardtanh": "clamp",
    "clamp": "clamp",
    "softplus": "softplus",
    "_softmax": "softmax",
    "prelu": "PReLU",
    "_prelu_kernel": "PReLU",
}
LAYER_OPERATIONS = {
    "native_batch_norm": "batch norm",
    "_native_batch_norm_legit": "batch norm",
    "native_layer_norm": "layer norm",
    "native_dropout": "dropout",
    "bernoulli_": "dropout",
    "upsample_nearest2d": "upsampling",
    "upsample_bilinear2d": "upsampling",
    "max_pool2d_with_indices": "max pooling",
    "avg_pool2d": "average pooling",
    "_adaptive_avg_pool2d": "average pooling",
    "constant_pad_nd": "constant padding",
    "reflection_pad2d": "reflection padding",
    "replication_pad2d": "replication padding",
    "addmm": "linear",
    "mm": "linear",
}
MOST = 40


class LayerTrace(TorchDispatchMode):
    """While active, lists layers as sentences ("conv 3 -> 12, kernel 4, stride 2, padding 1, then ReLU") and counts
    how often each place of the notebook runs an operation."""

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[str] = []
        self._runs: Counter[tuple[object, ...]] = Counter()

    @property
    def repeats(self) -> int:
        """How often the same place has run the same operation: at least N in a loop over N rows."""
        return max(self._runs.values(), default=0)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs the operation and notes it."""
        name = func.overloadpacket.__name__
        if (place := _place(sys._getframe(1))) is not None:
            self._runs[name, *place] += 1
        if len(self.layers) < MOST:
            self._note(name, args)
        return func(*args, **(kwargs or {}))

    def _note(self, name: str, args: Any) -> None:
        if name == "convolution":
            self.layers.append(_convolution(*args))
        elif name in LAYER_OPERATIONS:
            self.layers.append(LAYER_OPERATIONS[name])
        elif name.rstrip("_") in ACTIVATIONS and not _bounds_a_divisor(name, args):
            activation = ACTIVATIONS[name.rstrip("_")]
            if self.layers:
                self.layers[-1] += f", then {activation}"
            else:
                self.layers.append(activation)


def _place(frame: FrameType | None) -> tuple[object, int] | None:
    """The instruction of the notebook that is being run."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(CELL):
            return frame.f_code, frame.f_lasti
        frame = frame.f_back
    return None


def _bounds_a_divisor(name: str, args: Any) -> bool:
    """`F.normalize` divides by a norm that is clamped at a small number: no activation, which would clamp at 0."""
    return name.rstrip("_") == "clamp_min" and len(args) > 1 and args[1] != 0


def _convolution(
    _input: Any, weight: torch.Tensor, _bias: Any, stride: Any, padding: Any, dilation: Any, transposed: bool, *_: Any
) -> str:
    outgoing, incoming = weight.shape[:2]
    if transposed:
        outgoing, incoming = incoming, outgoing
    kind = "transposed conv" if transposed else "conv"
    text = f"{kind} {incoming} -> {outgoing}, kernel {_one(weight.shape[2:])}"
    text += f", stride {_one(stride)}, padding {_one(padding)}"
    return text + ("" if _one(dilation) == "1" else f", dilation {_one(dilation)}")


def _one(sizes: Any) -> str:
    numbers = [str(int(size)) for size in sizes]
    return numbers[0] if len(set(numbers)) == 1 else "x".join(numbers)
