"""Finds which layers a module really applies, from the operations that it dispatches, however the module is written."""

import os
import sys
from collections import Counter
from types import FrameType
from typing import Any

import torch
from torch import nn
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
    "_log_softmax": "log-softmax",
    "prelu": "PReLU",
    "_prelu_kernel": "PReLU",
    "hardsigmoid": "hard sigmoid",
    "hardswish": "hard swish",
    "log_sigmoid_forward": "log-sigmoid",
    "mish": "Mish",
    "rrelu_with_noise": "randomised leaky ReLU",
    "threshold": "threshold",
    "softshrink": "soft shrinkage",
    "hardshrink": "hard shrinkage",
    "glu": "GLU",
}
WITHOUT_BIAS = ", without bias"
MATRIX_PLACES = {"addmm": 2, "mm": 1}
"""The position of a linear layer's matrix in the arguments of these operations."""
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
    "native_group_norm": "group norm",
}
ADDITION = "an addition or subtraction"
ARITHMETIC = {
    **dict.fromkeys(("add", "sub", "rsub"), ADDITION),
    "mul": "a multiplication",
    **dict.fromkeys(("div", "reciprocal", "floor_divide"), "a division"),
    **dict.fromkeys(("pow", "sqrt", "rsqrt", "square"), "a power or root"),
    **dict.fromkeys(("exp", "log", "log1p", "expm1"), "an exponential or logarithm"),
    **dict.fromkeys(("mean", "sum", "cumsum", "prod"), "a sum or mean"),
    **dict.fromkeys(("std", "var", "var_mean", "std_mean"), "a deviation"),
    **dict.fromkeys(("linalg_vector_norm", "norm", "linalg_norm"), "a norm"),
    **dict.fromkeys(("amax", "amin", "max", "min", "aminmax", "maximum", "minimum"), "a maximum or minimum"),
    **dict.fromkeys(("round", "floor", "ceil", "trunc", "sign"), "a rounding"),
    "abs": "an absolute value",
    "neg": "a change of sign",
    **dict.fromkeys(("rand_like", "randn_like", "randn", "rand", "normal", "uniform"), "random numbers"),
    **dict.fromkeys(("flip", "roll"), "a change of order"),
    **dict.fromkeys(("where", "masked_fill"), "a choice of values by a mask"),
}
MOST, MOST_BESIDE = 40, 6
OTHERS = tuple(
    os.path.join(*parts)
    for parts in (("torch", "optim"), ("torch", "autograd"), ("utils", "data"), ("guest", "probes"))
)
"""Folders of code that computes for the notebook: optimizers, `backward`, loaders, the probes' models."""


class Trace(TorchDispatchMode):
    """While active, counts how often each place of the notebook runs an operation."""

    def __init__(self) -> None:
        super().__init__()
        self._runs: Counter[tuple[object, ...]] = Counter()

    @property
    def repeats(self) -> int:
        """The most times that one place has run the same operation: at least N in a loop over N rows."""
        return max(self._runs.values(), default=0)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs the operation and counts it."""
        name, innermost = func.overloadpacket.__name__, sys._getframe(1)
        if (frame := _frame(innermost)) is not None:
            self._runs[name, frame.f_code, frame.f_lasti] += 1
            self._note(name, args, frame, innermost)
        return func(*args, **(kwargs or {}))

    def _note(self, name: str, args: Any, frame: FrameType, innermost: FrameType) -> None:
        """Notes an operation that the notebook's `frame` has caused, and that `innermost` runs."""


class LayerTrace(Trace):
    """Also lists layers as sentences ("conv 3 -> 12, kernel 4, stride 2, padding 1, then ReLU"), and the arithmetic
    beside them ("a division before layer 1, in code cell 5, line 9")."""

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[str] = []
        self.beside: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs the operation and lists it."""
        if len(self.layers) < MOST:
            self._note_layer(func.overloadpacket.__name__, args)
        return super().__torch_dispatch__(func, types, args, kwargs)

    def _note_layer(self, name: str, args: Any) -> None:
        plain = name.rstrip("_")
        if name == "convolution":
            self.layers.append(_convolution(*args))
        elif name in LAYER_OPERATIONS:
            self.layers.append(LAYER_OPERATIONS[name])
        elif name in MATRIX_PLACES:
            incoming, outgoing = args[MATRIX_PLACES[name]].shape
            self.layers.append(f"linear {incoming} -> {outgoing}{'' if name == 'addmm' else WITHOUT_BIAS}")
        elif plain == "add" and self.layers and self.layers[-1].endswith(WITHOUT_BIAS) and _is_a_bias(args):
            self.layers[-1] = self.layers[-1].removesuffix(WITHOUT_BIAS)
        elif plain in ACTIVATIONS and not _bounds_a_divisor(name, args):
            activation = ACTIVATIONS[plain]
            if not self.layers:
                self.layers.append(activation)
            elif not (self.layers[-1].split(", then ")[-1] == "sigmoid" and _leaves_probabilities(plain, args)):
                self.layers[-1] += f", then {activation}"

    def _note(self, name: str, args: Any, frame: FrameType, innermost: FrameType) -> None:
        word = ARITHMETIC.get(name.rstrip("_"))
        if word and len(self.beside) < MOST_BESIDE and not (word == ADDITION and self._is_of_a_layer(args)):
            where = f"after layer {len(self.layers)}" if self.layers else "before layer 1"
            said = f"{word} {where}, in {frame.f_code.co_filename}, line {frame.f_lineno}"
            self.beside += [said] if said not in self.beside else []

    def _is_of_a_layer(self, args: Any) -> bool:
        """Whether an addition is that of the last layer's bias."""
        return bool(self.layers) and self.layers[-1].startswith("linear") and _is_a_bias(args)


class StepTrace(Trace):
    """Also lists what the notebook's lines compute from values that depend on parameters, beyond sums of losses: "a
    sigmoid, in code cell 13, line 17". It does not list what a model, an optimizer, `backward` or a loader computes."""

    def __init__(self) -> None:
        super().__init__()
        self.computed: list[str] = []

    def _note(self, name: str, args: Any, frame: FrameType, innermost: FrameType) -> None:
        plain = name.rstrip("_")
        word = ACTIVATIONS.get(plain) or ARITHMETIC.get(plain)
        if not word or plain == "add" or len(self.computed) >= MOST_BESIDE or _bounds_a_divisor(name, args):
            return
        if _depends(args) and not _is_of_others(innermost, frame):
            said = f"{word}, in {frame.f_code.co_filename}, line {frame.f_lineno}"
            self.computed += [said] if said not in self.computed else []


def _depends(args: Any) -> bool:
    """Whether a gradient would flow through the operation."""
    tensors = (each for part in args for each in (part if isinstance(part, list | tuple) else (part,)))
    return torch.is_grad_enabled() and any(isinstance(each, torch.Tensor) and each.requires_grad for each in tensors)


def _is_of_others(innermost: FrameType, notebook: FrameType) -> bool:
    """Whether the notebook's line leaves the computation to an optimizer, `backward`, a loader or a probe's model."""
    frame: FrameType | None = innermost
    while frame is not None and frame is not notebook:
        if any(part in frame.f_code.co_filename for part in OTHERS):
            return True
        frame = frame.f_back
    return False


def unregistered(module: nn.Module) -> list[str]:
    """Attributes that hold layers where torch does not find them: in a Python list, tuple or dict."""
    found = []
    for name, value in vars(module).items():
        held = value.values() if type(value) is dict else value if type(value) in (list, tuple) else ()
        if not name.startswith("_") and any(isinstance(each, nn.Module) for each in held):
            found.append(f"self.{name}")
    return found


def _frame(frame: FrameType | None) -> FrameType | None:
    """The notebook's frame that is running."""
    while frame is not None and not frame.f_code.co_filename.startswith(CELL):
        frame = frame.f_back
    return frame


def _is_a_bias(args: Any) -> bool:
    return any(isinstance(each, torch.Tensor) and each.ndim == 1 for each in args[:2])


def _leaves_probabilities(name: str, args: Any) -> bool:
    """Whether it is a clamp that does not change values between 0 and 1, nor their gradient."""
    bounds = [*args[1:3], None, None]
    numbers = [each for each in bounds[:2] if each is not None]
    if name not in {"clamp", "clamp_min", "hardtanh"} or not all(isinstance(each, int | float) for each in numbers):
        return False
    low, high = bounds[:2]
    return (low is None or low <= 0) and (high is None or high >= 1)


def _bounds_a_divisor(name: str, args: Any) -> bool:
    """`F.normalize` divides by a norm that is clamped at a small number. That is not an activation, which would clamp
    at 0."""
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
