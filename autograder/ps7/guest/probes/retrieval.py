"""Probes of retrieve_images: which files it finds, in which order, and whether it returns them or only keeps them in
`matches`."""

import dis
import sys
from collections.abc import Callable, Sequence
from functools import partial
from types import CodeType, FrameType, TracebackType
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from autograder.guest.namespace import CELL, Namespace
from autograder.ps7.guest.probes.frame import GLOBALS
from autograder.ps7.guest.probes.layer_trace import Trace
from autograder.ps7.guest.probes.partitions import unsorted
from autograder.ps7.guest.probes.seeding import generator, normal, unit_rows
from autograder.ps7.guest.probes.stand_ins import CopyingHead, ImageTable

WIDTH = 256
TEXTS = 997
MOST = 100


class TextVectors(nn.Module):
    """A text backbone: a random embedding for every text, known by the tokens that the mask keeps."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        embeddings = unit_rows(normal(seed, "texts", (TEXTS, WIDTH)))
        self.vectors = nn.Parameter(functional.pad(embeddings, (0, GLOBALS["text_embedding"] - WIDTH)))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """(N, L), (N, L) -> (N, 768)."""
        places = torch.arange(1, input_ids.shape[1] + 1)
        return self.vectors[((input_ids + 1) * attention_mask * places).sum(dim=1) % TEXTS]


class StandInModel(nn.Module):
    """The parts of a trained CLIPModel that retrieval uses."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.image_encoder, self.image_projection = ImageTable(), CopyingHead(GLOBALS["image_embedding"])
        self.text_encoder, self.text_projection = TextVectors(seed), CopyingHead(GLOBALS["text_embedding"])
        self.temperature = GLOBALS["temperature"]


def retrieve(
    notebook: Namespace,
    *,
    query: str,
    seed: int,
    photos: int,
    k: int | None = None,
    twins: bool = False,
    earlier: Sequence[str] = (),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Asks for the best `k` of `photos` random unit embeddings (None: without naming k). With `twins` each photo is
    there twice. `earlier` are queries that are asked first, of the same model and the same embeddings.

    Facts: `kind` of the matches ("names" if right), `count`, `distinct`, `nested`, `loops` over the photos,
    `inputs_changed`, and `raised` where the function failed after setting the matches. Arrays: `ranking`, the photo
    that each match shows (the first one of equal embeddings, so that ties do not matter).
    """
    notebook.provide(**GLOBALS)
    function = notebook["retrieve_images"]
    torch.manual_seed(seed)
    model = StandInModel(seed).eval()
    embeddings = unit_rows(normal(seed, "photos", (photos, WIDTH)))
    if twins:
        embeddings[1::2] = embeddings[::2]
    # Fewer embeddings than names, because the given loaders drop the last batch.
    numbers = generator(seed, "names").permutation(10_000)[: photos + 5]
    names = np.array([f"{number:04d}_{seed % 97:02d}.jpg" for number in numbers], dtype=object)
    keywords = {} if k is None else {"k": k}
    with notebook.theirs(), unsorted():
        known, before = list(names), embeddings.clone()
        for each in earlier:
            matches_of(partial(function, model, embeddings, each, names, **keywords), notebook)
        with Trace() as trace:
            matches, raised = matches_of(partial(function, model, embeddings, query, names, **keywords), notebook)
        facts, found = read_matches(matches, known)
    ranking = [index - index % 2 if twins and index < photos else index for index in found]
    # Unit vectors that are normalised again in place stay the same up to rounding.
    changed = list(names) != known or not torch.allclose(embeddings, before, atol=1e-5)
    facts |= {"raised": raised, "loops": trace.repeats >= photos, "inputs_changed": changed}
    return facts, {"ranking": np.array(ranking, dtype=np.int64)}


def matches_of(call: Callable[[], Any], notebook: Namespace) -> tuple[Any, str | None]:
    """The variable `matches` of the notebook's function that held it last, else what the call returned.

    A notebook's function may draw its matches and return nothing, and drawing may fail without a screen. So the
    variable is read when its function ends, in whatever way. An exception that came before the matches were finally set
    is raised: the given code sets them to None first.
    """
    held: list[Any] = []

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if event == "return" and frame.f_code.co_filename.startswith(CELL) and "matches" in frame.f_locals:
            held.append(frame.f_locals["matches"])

    raised, returned = None, None
    sys.setprofile(watch)
    try:
        returned = call()
    except Exception as error:
        if not held or held[-1] is None or _before_the_matches(error.__traceback__):
            raise
        raised = f"{type(error).__name__}: {error}"[:200]
    finally:
        sys.setprofile(None)
    if held and held[-1] is not None:
        return held[-1], raised
    return notebook.get("matches") if returned is None else returned, raised


def _before_the_matches(traceback: TracebackType | None) -> bool:
    """Whether the exception came before the last place at which its function sets `matches`."""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename.startswith(CELL) and "matches" in code.co_varnames:
            return traceback.tb_lasti < _last_store(code)
        traceback = traceback.tb_next
    return False


def _last_store(code: CodeType) -> int:
    # `dis` writes out every constant, which fails for numbers of more than 4,300 digits
    code = code.replace(co_consts=(None,) * len(code.co_consts))
    stores = [each.offset for each in dis.get_instructions(code) if "STORE" in each.opname and each.argval == "matches"]
    return max(stores, default=-1)


def read_matches(matches: Any, names: list[str]) -> tuple[dict[str, Any], list[int]]:
    """Facts about the form of the matches, and their positions in `names` (-1 for a match that is not a name there)."""
    if isinstance(matches, torch.Tensor):
        matches = matches.tolist()
    if isinstance(matches, list | tuple):
        matches = [item.tolist() if isinstance(item, torch.Tensor | np.ndarray) else item for item in matches]
    # for a single match numpy may give the name
    if isinstance(matches, str) and matches.rpartition("/")[2] not in names:
        return {"kind": "one text", "count": 1, "distinct": 1, "nested": False}, [-1]
    if isinstance(matches, dict):
        matches = list(matches.items())
    if of_several := _entries(matches, names):
        kind, first = of_several
        return {"kind": kind, "count": len(first), "distinct": len(set(first)), "nested": False}, [-1] * len(first)
    array = np.asarray(matches, dtype=object)
    flat = array.reshape(-1).tolist()
    places = {name: index for index, name in enumerate(names)}
    # A path to the file is accepted as its name.
    found = [places.get(str(item).rpartition("/")[2], -1) for item in flat[:MOST]]
    distinct = len({str(item) for item in flat})
    return {"kind": _kind(flat), "count": len(flat), "distinct": distinct, "nested": array.ndim != 1}, found


def _entries(matches: Any, names: list[str]) -> tuple[str, list[str]] | None:
    """What each match is, and the matches as texts, where each is a file name with something else; else None."""
    if not isinstance(matches, list | tuple) or not matches:
        return None
    if not all(isinstance(each, list | tuple) and len(each) > 1 for each in matches):
        return None
    held = [[str(part).rpartition("/")[2] in set(names) for part in each] for each in matches]
    if not all(sum(each) == 1 for each in held):
        return None
    return "names with something else beside each", [str(each) for each in matches]


def _kind(items: list[Any]) -> str:
    if all(item is None for item in items):
        return "nothing"
    if all(isinstance(item, str) for item in items):
        return "names"
    return "positions" if all(isinstance(item, int | float | np.number) for item in items) else "something else"
