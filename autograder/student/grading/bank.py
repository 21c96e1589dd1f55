"""The replies of the reference and of every misconception to every case: JSON for facts, safetensors for arrays, no
code."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import msgspec
from safetensors.numpy import load_file

from autograder.guest.outcomes import Array, Ended, Missing, Outcome, Raised, Reply, ReplyHeader


class BankError(Exception):
    """A bank is missing, or does not fit the rubric; the message says what to do."""


class StoredOutcome(msgspec.Struct, frozen=True):
    """One outcome. A reply's arrays are given by their keys in the safetensors file."""

    outcome: ReplyHeader | Raised | Missing | Ended
    arrays: dict[str, str] = {}


class StoredCase(msgspec.Struct, frozen=True):
    """The replies to one case."""

    reference: StoredOutcome
    misconceptions: dict[str, StoredOutcome] = {}


class Description(msgspec.Struct, frozen=True):
    """A misconception in words, for the student."""

    item: str
    shows: str
    look: str
    apart: bool = False
    """Whether its checks show what it says, whatever else is wrong in the item."""
    right: tuple[str, ...] = ()
    """Checks of the item that must have passed for `shows` to be true."""
    otherwise: str = ""
    """The part of it that is true where those checks have not passed."""
    text: str = ""
    """The digest of the component, where only the text shows the mistake, and other components may give the same
    replies."""


class Index(msgspec.Struct, frozen=True):
    """The JSON half of a bank. The keys of cases are `item.case`."""

    cases: dict[str, StoredCase] = {}
    misconceptions: dict[str, Description] = {}
    work: dict[str, int] = {}
    """Maps an item to the time that the reference takes, in units of the machine's own speed (`Sandbox.unit`), rounded
    up."""


def of_pairs(name: str) -> str:
    """The name of the bank for the same cases that holds two misconceptions at once; its arrays are sketches."""
    return f"{name}-pairs"


def pair_of(one: str, other: str) -> str:
    """The slug of two misconceptions at once."""
    return "+".join(sorted((one, other)))


def parts_of(slug: str) -> list[str]:
    """The slugs of the misconceptions in it: one, or two for a pair."""
    return slug.split("+")


def slug_of(form: str) -> str:
    """The slug of a recorded misconception. One with several forms (the blanks of several given notebooks) has the slug
    "slug@form"."""
    return form.partition("@")[0]


class Bank:
    """One or several banks, read once."""

    def __init__(self, indices: Iterable[Index], arrays: Mapping[str, Array], pairs: Sequence[Path] = ()) -> None:
        """`pairs`: the files of the banks with two misconceptions at once, where there are any."""
        self._cases: dict[str, StoredCase] = {}
        self.misconceptions: dict[str, Description] = {}
        self.work: dict[str, int] = {}
        for index in indices:
            self._cases |= index.cases
            self.misconceptions |= index.misconceptions
            self.work |= index.work
        self._arrays, self._pairs = arrays, pairs
        self._mistaken: dict[tuple[str, str], dict[str, Outcome]] = {}

    @classmethod
    def read(cls, paths: Iterable[Path]) -> "Bank":
        """Reads the banks with these files, named without suffixes. Raises BankError where one is not there or not
        whole."""
        paths = tuple(paths)
        indices: list[Index] = []
        arrays: dict[str, Array] = {}
        for path in paths:
            try:
                indices.append(msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=Index))
                arrays |= load_file(path.with_suffix(".safetensors"))
            except (OSError, msgspec.DecodeError, ValueError) as error:
                raise BankError(
                    f"the {path.name} bank in {path.parent} cannot be read ({error}); `build banks` makes it"
                ) from None
        return cls(indices, arrays, tuple(path.with_name(of_pairs(path.name)) for path in paths))

    @cached_property
    def pairs(self) -> "Bank | None":
        """The replies of two misconceptions at once, as sketches; None where they were never recorded. They are read
        when they are first asked for, because few submissions need them. Raises BankError."""
        if not self._pairs or not all(path.with_suffix(".json").exists() for path in self._pairs):
            return None
        return Bank.read(self._pairs)

    def expected(self, item: str, case: str) -> Outcome:
        """The reference's outcome. Raises BankError where the case was never recorded."""
        return self._outcome(self._case(item, case).reference)

    def mistaken(self, item: str, case: str) -> Mapping[str, Outcome]:
        """The outcomes of the item's misconceptions by slug."""
        if (item, case) not in self._mistaken:  # judging asks for the same outcome again and again
            stored = self._case(item, case).misconceptions
            self._mistaken[item, case] = {slug: self._outcome(record) for slug, record in stored.items()}
        return self._mistaken[item, case]

    def _case(self, item: str, case: str) -> StoredCase:
        try:
            return self._cases[f"{item}.{case}"]
        except KeyError:
            raise BankError(
                f"the banks know no case {item}.{case}; run `build banks` and `build pairs` after a change of the "
                "rubric"
            ) from None

    def _outcome(self, record: StoredOutcome) -> Outcome:
        if isinstance(record.outcome, ReplyHeader):
            return Reply(
                facts=record.outcome.facts, arrays={field: self._arrays[key] for field, key in record.arrays.items()}
            )
        return record.outcome
