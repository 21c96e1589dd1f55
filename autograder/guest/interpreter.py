"""The state of a Python process that a notebook's code can change for all code after it: remembered, and restored.

For guests that run one notebook's items one after the other on a student's own machine. It does not protect from
hostile code, and need not: it lets the next item find what a new process would find.
"""

import gc
import importlib
import importlib.abc
import importlib.machinery
import os
import random
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from autograder.guest.modules import BlankModule, LazyModule
from autograder.guest.namespace import CELL

HEAP_TYPE = 1 << 9
"""CPython's flag of a class whose attributes can be set."""


class Unrestorable(Exception):
    """Something is left that only the end of the process ends."""


class Interpreter:
    """This process as it is when an instance is made.

    `settings` is for what packages keep outside of Python's reach: it is called now, and returns a function that
    restores it.
    """

    def __init__(self, settings: Callable[[], Callable[[], None]]) -> None:
        self._put_settings_back = settings()
        self._later = _Later()
        sys.meta_path.insert(0, self._later)
        self._modules = dict(sys.modules)
        self._members = [(owner, dict(vars(owner))) for owner in _owners(self._modules.values())]
        lists: tuple[Any, ...] = (sys.path, sys.meta_path, sys.argv, warnings.filters)
        self._lists = [(each, list(each)) for each in lists]
        self._streams = {name: getattr(sys, name) for name in ("stdin", "stdout", "stderr")}
        self._environment, self._folder = dict(os.environ), os.getcwd()
        self._recursion = sys.getrecursionlimit()
        self._threads = threading.active_count()
        # Later collections neither look at the objects that exist now nor copy them.
        gc.collect()
        gc.freeze()

    def restore(self) -> None:
        """Restores everything. Raises Unrestorable."""
        if threading.active_count() > self._threads:
            raise Unrestorable("a thread is still running")
        for owner, members in self._members:
            _put_back(owner, members)
        for each, content in self._lists:
            each[:] = content
        vars(sys).update(self._streams)
        os.environ.clear()
        os.environ.update(self._environment)
        os.chdir(self._folder)
        sys.setrecursionlimit(self._recursion)
        sys.settrace(None)
        self._later.keep({name: each for name, each in sys.modules.items() if name not in self._modules})
        sys.modules.clear()
        sys.modules.update(self._modules)
        importlib.invalidate_caches()
        self._put_settings_back()
        random.seed(0)
        gc.enable()
        gc.collect()


class _Later(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives out modules that have been imported once, and that may not survive a second import."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[types.ModuleType, importlib.machinery.ModuleSpec | None]] = {}

    def keep(self, modules: dict[str, types.ModuleType]) -> None:
        """Keeps the modules of installed packages; those from the working directory, or from no file, are forgotten."""
        for name, module in modules.items():
            package = sys.modules.get(name.partition(".")[0])
            if _is_installed(package) and not isinstance(module, LazyModule | BlankModule):
                self._kept[name] = module, getattr(module, "__spec__", None)

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for a module that is kept, None for every other name."""
        if fullname not in self._kept:
            return None
        is_package = hasattr(self._kept[fullname][0], "__path__")
        return importlib.machinery.ModuleSpec(fullname, self, is_package=is_package)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """The module that is kept."""
        return self._kept[spec.name][0]

    def exec_module(self, module: types.ModuleType) -> None:
        """Does nothing: the module has been executed; the import system has only exchanged its spec."""
        assert module.__spec__ is not None
        module.__spec__ = self._kept[module.__spec__.name][1]


def _is_installed(package: types.ModuleType | None) -> bool:
    origin = getattr(getattr(package, "__spec__", None), "origin", None)
    return isinstance(origin, str) and not origin.startswith(os.getcwd() + os.sep)


def _owners(modules: Iterable[object]) -> Iterator[types.ModuleType | type]:
    """The modules, and the classes that they define."""
    for module in modules:
        if isinstance(module, types.ModuleType):
            yield module
            for value in list(vars(module).values()):
                if _is_class(value) and value.__module__ == module.__name__ and value.__flags__ & HEAP_TYPE:
                    yield value


def _put_back(owner: types.ModuleType | type, members: dict[str, Any]) -> None:
    """Restores the functions and classes, and removes those that a notebook has added. Other values are left alone,
    because packages keep counters and caches in them."""
    now = dict(vars(owner))
    for name, value in members.items():
        if now.get(name) is not value and (callable(value) or hasattr(type(value), "__get__")):
            setattr(owner, name, value)
    for name in now.keys() - members.keys():
        if _is_a_notebooks(now[name]):
            delattr(owner, name)


def _is_a_notebooks(value: Any) -> bool:
    kind = type(value)
    if kind in (staticmethod, classmethod):
        value = value.__func__
    elif kind is property:
        value = value.fget
    if type(value) is types.FunctionType:
        return value.__code__.co_filename.startswith(CELL)
    return _is_class(value) and value.__module__ == "__main__"


def _is_class(value: object) -> bool:
    """Like `isinstance`, but without asking the value, which may import what it stands for."""
    return issubclass(type(value), type)
