"""What a guest finds installed: torch for real, everything else of a Colab notebook lazily, blankly or as a small
stand-in."""

import importlib
import sys
import time
import types
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from autograder.sandbox.modules import Blank, Finder

LAZY = (
    "torch._dynamo",
    "torchvision",
    "transformers",
    "torchmetrics",
    "timm",
    "einops",
    "pandas",
    "scipy",
    "sklearn",
    "skimage",
    "PIL",
)
BLANK = (
    "albumentations",
    "cv2",
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
    "torch.utils.tensorboard",
    "torchinfo",
    "torchsummary",
    "torchviz",
    "tqdm",
    "wandb",
    "IPython",
)


def preload() -> None:
    """What every guest needs and is slow to import; runs in the zygote, before any student code."""
    _leave_out_the_compiler()
    for name in ("numpy", "torch", "torch.nn.functional", "torch.optim", "torch.utils.data", "torch.overrides"):
        importlib.import_module(name)
    importlib.import_module("torch.utils._python_dispatch")
    importlib.import_module("autograder.sandbox.guest")
    importlib.import_module("torch").set_num_threads(1)


def measure() -> float:
    """Seconds that this machine takes for a fixed piece of work of the probes' kind, some hundredths."""
    import torch

    images = torch.ones(64, 3, 64, 64)
    weight = torch.full((24, 3, 4, 4), 0.01)
    started = time.perf_counter()
    with torch.no_grad():
        for _ in range(3):
            torch.nn.functional.conv2d(images, weight, stride=2, padding=1).relu().sum().item()
    return time.perf_counter() - started


def install() -> None:
    """Prepares one guest, before any student code."""
    import torch

    from autograder.sandbox import without_gpu

    finder().install()
    without_gpu.install()
    torch.manual_seed(0)
    torch.compile = lambda model=None, **_: model if model is not None else (lambda function: function)
    warnings.simplefilter("ignore")


def finder() -> Finder:
    """The import hook of a guest."""
    tokenizers = dict.fromkeys(
        ("AutoTokenizer", "BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast"),
        StandInTokenizer,
    )
    bars = {"tqdm": ProgressBar, "tqdm_notebook": ProgressBar, "trange": _range_bar, "tnrange": _range_bar}
    return Finder(
        lazy=LAZY,
        blank=BLANK,
        answers={
            "transformers": tokenizers,
            "torch._dynamo": {"graph_break": _nothing, "disable": _same, "is_compiling": _false},
            "matplotlib.pyplot": {"subplots": _subplots},
            "cv2": {"imread": _picture, "cvtColor": _first, "resize": _first},
            **dict.fromkeys(("tqdm", "tqdm.notebook", "tqdm.auto", "tqdm.autonotebook", "tqdm.std"), bars),
        },
    )


def _leave_out_the_compiler() -> None:
    """torch's optimizers would import its compiler on their first step, which takes longer than all of grading."""
    switch: Any = types.ModuleType("torch._compile")
    switch._disable_dynamo = _same
    sys.modules["torch._compile"] = switch


def _same(function: Any = None, *_: Any, **__: Any) -> Any:
    return function if function is not None else _same


def _nothing(*_: Any, **__: Any) -> None: ...


def _false(*_: Any, **__: Any) -> bool:
    return False


def _first(argument: Any, *_: Any, **__: Any) -> Any:
    return argument


def _picture(*_: Any, **__: Any) -> Any:
    import numpy as np

    return np.zeros((64, 64, 3), dtype=np.uint8)


def _subplots(nrows: int = 1, ncols: int = 1, *_: Any, squeeze: bool = True, **__: Any) -> tuple[Blank, Any]:
    """A figure and its axes in matplotlib's shapes, since notebooks flatten and index them."""
    import numpy as np

    axes = np.empty((nrows, ncols), dtype=object)
    for place in np.ndindex(nrows, ncols):
        axes[place] = Blank()
    if not squeeze:
        return Blank(), axes
    return Blank(), axes.squeeze() if axes.size > 1 else axes.flat[0]


class ProgressBar:
    """tqdm's bar without the bar."""

    def __init__(self, iterable: Iterable[Any] | None = None, *_: Any, **keywords: Any) -> None:
        self.iterable = iterable if iterable is not None else range(int(keywords.get("total") or 0))
        self.total = keywords.get("total")
        self.n = 0

    def __iter__(self) -> Iterator[Any]:
        yield from self.iterable

    def __len__(self) -> int:
        return len(self.iterable)  # type: ignore[arg-type]

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *_: object) -> None: ...

    def __getattr__(self, name: str) -> Callable[..., None]:
        """`set_postfix`, `update`, `close`, `write` and the rest of the display do nothing."""
        if name.startswith("__"):
            raise AttributeError(name)
        return _nothing

    write = staticmethod(_nothing)
    pandas = staticmethod(_nothing)


def _range_bar(*bounds: int, **_: Any) -> ProgressBar:
    return ProgressBar(range(*bounds))


class Encoding(dict[str, Any]):
    """A tokenizer's reply: a dict whose items are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def to(self, *_: Any, **__: Any) -> "Encoding":
        """Itself: there is one device."""
        return self


class StandInTokenizer:
    """Splits at spaces and numbers the words by their checksum; calling conventions of the Hugging Face tokenizers.

    Real vocabularies cannot be downloaded while grading, and no check depends on which number a word has.
    """

    vocab_size = 30522
    cls_token_id, sep_token_id, pad_token_id = 101, 102, 0
    model_max_length = 512

    @classmethod
    def from_pretrained(cls, *_: Any, **__: Any) -> "StandInTokenizer":
        """A tokenizer, whatever its name."""
        return cls()

    def tokenize(self, text: str, **_: Any) -> list[str]:
        """The words in lower case."""
        return str(text).lower().split()

    def convert_tokens_to_ids(self, tokens: Sequence[str]) -> list[int]:
        """Numbers from 1000 up to the size of the vocabulary."""
        return [1000 + zlib.crc32(token.encode()) % (self.vocab_size - 1000) for token in tokens]

    def encode(self, text: str, **keywords: Any) -> Any:
        """The input ids alone."""
        return self(text, **keywords)["input_ids"]

    def __call__(
        self,
        text: Any,
        text_pair: Any = None,
        *_: Any,
        padding: Any = False,
        truncation: Any = None,
        max_length: int | None = None,
        return_tensors: str | None = None,
        **__: Any,
    ) -> Encoding:
        """`input_ids` and `attention_mask` as lists, or tensors where `return_tensors` asks for them."""
        many = not isinstance(text, str)
        rows = [self._ids(each, truncation, max_length) for each in (list(text) if many else [text])]
        longest = max((len(row) for row in rows), default=0)
        width = (max_length or longest) if padding == "max_length" else longest if padding or return_tensors else 0
        ids = [row + [self.pad_token_id] * (width - len(row)) for row in rows]
        masks = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
        if return_tensors in {"pt", "np"}:
            make = (
                importlib.import_module("torch").tensor
                if return_tensors == "pt"
                else importlib.import_module("numpy").array
            )
            return Encoding(input_ids=make(ids), attention_mask=make(masks))
        return Encoding(input_ids=ids if many else ids[0], attention_mask=masks if many else masks[0])

    encode_plus = batch_encode_plus = __call__

    def _ids(self, text: str, truncation: Any, max_length: int | None) -> list[int]:
        words = self.convert_tokens_to_ids(self.tokenize(text))
        if truncation and max_length:
            words = words[: max_length - 2]
        return [self.cls_token_id, *words, self.sep_token_id]
