"""Stand-ins for modules: lazy ones load the real package on first use, blank ones accept everything.

A notebook imports far more than its graded parts use. With stand-ins an import costs nothing, a use costs what it must,
and a package that only draws or downloads need not be installed at all.
"""

import dis
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

STOOD_IN: set[str] = set()
"""Packages that are not installed and that a blank module has replaced in this session."""


class Blank:
    """Accepts whatever is done to it: calls, attributes, items, loops, `with`, arithmetic."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Returns itself; but used as a decorator it returns the function unchanged."""
        if len(arguments) == 1 and not keywords and isinstance(arguments[0], types.FunctionType | type):
            return arguments[0]
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None: ...

    def __iter__(self) -> Iterator[Any]:
        """Gives as many values as an assignment unpacks, and none to other loops, so that they end at once."""
        caller = sys._getframe(1)
        operation, count = caller.f_code.co_code[caller.f_lasti : caller.f_lasti + 2]
        return iter([self] * count if dis.opname[operation].startswith("UNPACK_") else [])

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exception: object) -> None: ...

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (object,)

    def _arithmetic(self, *others: Any) -> Any:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __or__ = __ror__ = _arithmetic
    __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __pow__ = __matmul__ = __neg__ = __abs__ = _arithmetic

    def _no(self, *others: Any) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _no

    def _zero(self) -> int:
        return 0

    __int__ = __index__ = _zero

    def __float__(self) -> float:
        return 0.0

    def __round__(self, digits: int | None = None) -> Any:
        return self

    def __format__(self, wanted: str) -> str:
        return ""


class BlankModule(types.ModuleType):
    """A package that is not installed and not needed, with a few names that give real answers."""

    __path__ = []  # noqa: RUF012 - the import system's own name for a package

    def __init__(self, name: str, answers: Mapping[str, Any]) -> None:
        super().__init__(name)
        self.__dict__.update(answers)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Blank()


class LazyModule(types.ModuleType):
    """Stands under the name of a real module until one of its attributes is used."""

    __path__ = []  # noqa: RUF012 - the import system's own name for a package

    def __init__(self, name: str, answers: Mapping[str, Any], finder: "Finder") -> None:
        super().__init__(name)
        self.__dict__.update(answers)
        self.__dict__["_finder"] = finder

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._finder.knows(f"{self.__name__}.{name}"):
            return importlib.import_module(f"{self.__name__}.{name}")
        return LazyAttribute(self._finder, self.__name__, (name,))


class LazyAttribute:
    """A path of attributes below a lazy module. It is followed when it is called, subclassed, iterated or compared."""

    def __init__(self, finder: "Finder", module: str, path: tuple[str, ...]) -> None:
        self._finder, self._module, self._path = finder, module, path

    def _real(self) -> Any:
        found: Any = self._finder.load(self._module)
        for index, name in enumerate(self._path):
            try:
                found = getattr(found, name)
            except AttributeError:
                # `torchvision.models` is an attribute only after that submodule has been imported.
                found = importlib.import_module(".".join((self._module, *self._path[: index + 1])))
        return found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return LazyAttribute(self._finder, self._module, (*self._path, name))

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._real()(*arguments, **keywords)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._real(),)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, self._real())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._real())

    def __getitem__(self, key: Any) -> Any:
        return self._real()[key]

    def __eq__(self, other: object) -> bool:
        return bool(self._real() == (other._real() if isinstance(other, LazyAttribute) else other))

    def __hash__(self) -> int:
        return hash(self._path)

    def __or__(self, other: Any) -> Any:
        return Any

    __ror__ = __or__


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Puts lazy and blank modules under the given names and all names below them, ahead of any real modules.

    `answers` maps a dotted module name to attributes that it has from the start.
    """

    def __init__(
        self,
        *,
        lazy: Sequence[str],
        blank: Sequence[str],
        answers: Mapping[str, Mapping[str, Any]],
        spare: Sequence[str] = (),
    ) -> None:
        """`spare`: those of `lazy` that are blank where they are not installed; STOOD_IN then notes it."""
        self._lazy, self._blank, self._answers = set(lazy), set(blank), answers
        self._spare = set(spare)

    def install(self) -> None:
        """Makes imports under these names give stand-ins from now on."""
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for the names that have stand-ins, None for all others."""
        if _owner(fullname, self._lazy | self._blank):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """A lazy or a blank module."""
        answers = self._answers.get(spec.name, {})
        if _owner(spec.name, self._lazy):
            return LazyModule(spec.name, answers, self)
        return BlankModule(spec.name, answers)

    def exec_module(self, module: types.ModuleType) -> None:
        """Returns None: there is no code behind these modules."""

    def knows(self, name: str) -> bool:
        """Whether a module of this name has prepared answers."""
        return name in self._answers

    def load(self, name: str) -> types.ModuleType:
        """The real module. Raises ModuleNotFoundError where its package is not installed."""
        if owner := _owner(name, self._lazy):
            # Modules that it imports itself are real as well: a library looks deeper into another library than a
            # notebook does.
            packages = {each for each in self._lazy if "." not in each} | {owner}
            self._lazy -= packages
            for stale in [known for known in sys.modules if _owner(known, packages)]:
                if isinstance(sys.modules[stale], LazyModule):
                    del sys.modules[stale]
            try:
                return importlib.import_module(name)
            except ModuleNotFoundError:
                if owner not in self._spare or importlib.util.find_spec(owner) is not None:
                    raise
                STOOD_IN.add(owner)
                self._blank.add(owner)
                return BlankModule(name, {})
            finally:
                self._lazy |= {each for each in packages if each not in sys.modules and each != owner}
        return importlib.import_module(name)


def _owner(fullname: str, names: set[str]) -> str | None:
    """The entry of `names` that is `fullname` or a package around it."""
    return next((name for name in names if fullname == name or fullname.startswith(name + ".")), None)
