"""Measures how much of their code two submissions share that few others have."""

import math
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import combinations

import msgspec

from autograder.staff.classes.shapes import Shape

MANY, PART = 10, 0.1
"""Code that more submissions than this number, and more than this part of the class, have in common says nothing about
two of them."""


class Part(msgspec.Struct, frozen=True):
    """A statement that two submissions share, with all statements nested in it."""

    left: Shape
    right: Shape

    @property
    def is_literal(self) -> bool:
        """Whether it is the same letter for letter, except for indentation."""
        left, right = ([line.strip() for line in shape.source.strip().split("\n")] for shape in (self.left, self.right))
        return left == right


class Pair(msgspec.Struct, frozen=True):
    """Two submissions, by name, and the statements that they share."""

    left: str
    right: str
    share: float
    """The shared part of the code of the one that has less, 0 to 1. A statement counts more if fewer submissions have
    it."""
    parts: tuple[Part, ...]
    """In the order of the left submission, none inside another."""

    @property
    def literal(self) -> int:
        """How many of the statements are the same letter for letter."""
        return sum(part.is_literal for part in self.parts)


class Likeness(msgspec.Struct, frozen=True):
    """The comparison of a class."""

    pairs: tuple[Pair, ...]
    """The pairs with the largest share."""
    usual: float
    """The 95th percentile of the share over all pairs of the class."""


def compare(submissions: Mapping[str, Sequence[Shape]], given: Iterable[Shape], most: int) -> Likeness:
    """Compares; keeps at most that many pairs with the largest share. `given`: code that the assignment hands out,
    which counts nowhere."""
    handed_out = {shape.digest for shape in given}
    codes = {
        name: {shape.digest: shape for shape in shapes if shape.digest not in handed_out}
        for name, shapes in submissions.items()
    }
    having: defaultdict[str, list[str]] = defaultdict(list)
    for name, code in codes.items():
        for digest in code:
            having[digest].append(name)
    # The inverse document frequency of a term: Sparck Jones 1972.
    rarity = {digest: math.log(1 + len(codes) / len(names)) for digest, names in having.items()}
    totals = {
        name: math.fsum(shape.size * rarity[digest] for digest, shape in code.items()) for name, code in codes.items()
    }
    telling = {digest for digest, names in having.items() if len(names) <= max(MANY, PART * len(codes))}
    shared: defaultdict[tuple[str, str], float] = defaultdict(float)
    for digest in telling:
        for left, right in combinations(having[digest], 2):
            size = min(codes[left][digest].size, codes[right][digest].size)
            shared[left, right] += size * rarity[digest]
    shares = {pair: weight / min(totals[pair[0]], totals[pair[1]]) for pair, weight in shared.items()}
    ranked = sorted(shares, key=lambda pair: (-shares[pair], pair))
    pairs = [
        Pair(left, right, shares[left, right], _parts(codes[left], codes[right], telling))
        for left, right in ranked[:most]
    ]
    twentieth = math.comb(len(codes), 2) // 20
    usual = shares[ranked[twentieth]] if twentieth < len(ranked) else 0.0
    return Likeness(tuple(pairs), usual)


def _parts(left: Mapping[str, Shape], right: Mapping[str, Shape], telling: Container[str]) -> tuple[Part, ...]:
    """The shared statements; outer ones first, so that statements inside them are left out."""
    parts: list[Part] = []
    both = [Part(shape, right[digest]) for digest, shape in left.items() if digest in right and digest in telling]
    for part in sorted(both, key=lambda part: (part.left.top, part.left.line, -part.left.last)):
        if not parts or not _is_within(part.left, parts[-1].left):
            parts.append(part)
    return tuple(parts)


def _is_within(inner: Shape, outer: Shape) -> bool:
    return inner.top == outer.top and inner.last <= outer.last
