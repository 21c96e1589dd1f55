"""Progress bars without the bars: they still give the elements of their iterable."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any


def nothing(*_: Any, **__: Any) -> None:
    """Replaces what only shows something."""


class ProgressBar:
    """A tqdm bar that shows nothing."""

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
        return nothing

    write = staticmethod(nothing)
    pandas = staticmethod(nothing)


def range_bar(*bounds: int, **_: Any) -> ProgressBar:
    """`trange`."""
    return ProgressBar(range(*bounds))


def enumerated(iterable: Iterable[Any], start: int = 0, *_: Any, **__: Any) -> ProgressBar:
    """`tenumerate`."""
    return ProgressBar(enumerate(iterable, start))


def zipped(*iterables: Iterable[Any], **_: Any) -> ProgressBar:
    """`tzip`."""
    return ProgressBar(zip(*iterables, strict=False))


def mapped(function: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> ProgressBar:
    """`tmap`."""
    return ProgressBar(map(function, *iterables))


def mapped_at_once(function: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> list[Any]:
    """`thread_map` and `process_map`."""
    return list(map(function, *iterables))


def product(*iterables: Iterable[Any], **_: Any) -> ProgressBar:
    """tqdm.contrib.itertools.product."""
    return ProgressBar(itertools.product(*iterables))


_BARS = {"tqdm": ProgressBar, "tqdm_notebook": ProgressBar, "trange": range_bar, "tnrange": range_bar}
_FAST = {"progress_bar": ProgressBar, "master_bar": ProgressBar}
_AT_ONCE = {"thread_map": mapped_at_once, "process_map": mapped_at_once}
MODULES: Mapping[str, Mapping[str, Any]] = {
    **{
        f"tqdm{name}": _BARS
        for name in ("", ".notebook", ".auto", ".autonotebook", ".std", ".asyncio", ".gui", ".rich")
    },
    "tqdm.contrib": {"tenumerate": enumerated, "tzip": zipped, "tmap": mapped},
    "tqdm.contrib.concurrent": _AT_ONCE,
    "tqdm.contrib.itertools": {"product": product},
    "fastprogress": _FAST,
    "fastprogress.fastprogress": _FAST,
}
"""Packages with progress bars, and those of their names that give real answers."""
