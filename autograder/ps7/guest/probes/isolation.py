"""Cuts a notebook that is only rehearsed off from the world: it imports nothing that a student installs; it reads,
downloads, writes, deletes and starts nothing; and it waits for nobody. On a student's own machine nothing else would
stop it."""

import builtins
import contextlib
import io
import os
import pathlib
import shutil
import subprocess
import time
import urllib.request
from types import ModuleType
from typing import Any

import torch
import torch.utils.data

from autograder.guest.modules import Blank, Finder
from autograder.ps7.guest import environment

TAKEN: tuple[tuple[ModuleType | type, str], ...] = (
    (torch.utils.data, "DataLoader random_split Subset ConcatDataset TensorDataset"),
    (torch.hub, "load load_state_dict_from_url download_url_to_file"),
    (
        os,
        "remove unlink rmdir removedirs rename renames replace mkdir makedirs truncate symlink link chmod system popen",
    ),
    (os, "execv execve execvp spawnv spawnl posix_spawn startfile"),
    (shutil, "rmtree move copy copy2 copyfile copytree make_archive unpack_archive chown"),
    (subprocess, "run call check_call check_output getoutput getstatusoutput Popen"),
    (urllib.request, "urlopen urlretrieve"),
    (pathlib.Path, "unlink rmdir mkdir touch rename replace write_text write_bytes chmod symlink_to"),
    (time, "sleep"),
    (builtins, "input breakpoint"),
)
"""The modules, and the names in them that do nothing from now on."""


def isolate() -> None:
    """Cuts this process off, until it ends."""
    Finder(lazy=(), blank=[name for name in environment.LAZY if not name.startswith("torch.")], answers={}).install()
    for place, names in TAKEN:
        for name in filter(lambda name: hasattr(place, name), names.split()):
            setattr(place, name, Blank())
    builtins.open = io.open = _open_to_read


_real_open: Any = open


def _open_to_read(file: Any, mode: str = "r", *arguments: Any, **keywords: Any) -> Any:
    """A file that is opened for writing lies in memory; so does a file that is missing here, because it was there where
    the notebook ran."""
    if not (isinstance(mode, str) and set(mode) & set("wax+")):
        with contextlib.suppress(FileNotFoundError):
            return _real_open(file, mode, *arguments, **keywords)
    return io.BytesIO() if "b" in mode else io.StringIO()
