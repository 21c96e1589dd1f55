"""Probes run here inside the test's own process, on namespaces made of a few lines of source."""

import sys

import pytest

from autograder.guest.namespace import Namespace, Source
from tests.late import torch


@pytest.fixture
def namespace(monkeypatch):
    """Makes a namespace of source text; the test's own `__main__` comes back afterwards."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    threads = torch.get_num_threads()

    def make(source):
        made = Namespace()
        failures = made.execute(
            [Source(1, 1, "import torch\nimport torch.nn.functional as F\nfrom torch import nn, optim\n" + source)]
        )
        assert not failures
        return made

    yield make
    torch.set_num_threads(threads)
