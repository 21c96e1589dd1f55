"""Where a class is graded: in processes of this machine, or by the workers of a Dask cluster."""

import importlib
import multiprocessing
import multiprocessing.connection
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import autograder

JOB = {"cores": 1, "memory": "2GB"}
"""What a job asks for, where nothing else is configured."""
SECONDS = 10
"""Seconds after which a scheduler that has not answered is taken to be absent."""


class Workers(NamedTuple):
    """The workers, and how many submissions they grade at a time."""

    executor: Executor
    at_once: int


class ClusterError(Exception):
    """The cluster cannot grade; the message says what to do."""


@contextmanager
def local_workers(count: int) -> Iterator[Workers]:
    """Processes of this machine, which end with this process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_begin) as pool:
        yield Workers(pool, count)


@contextmanager
def cluster_workers(address: str) -> Iterator[Workers]:
    """All workers that the scheduler at `address` has. Raises ClusterError."""
    with _client_of(address) as client:
        count = len(client.nthreads())
        if not count:
            raise ClusterError(f"the scheduler has no workers; start some: dask worker {address} --nthreads 1")
        yield from _workers_of(client, count)


@contextmanager
def slurm_workers(jobs: int) -> Iterator[Workers]:
    """That many jobs of Slurm, as soon as the first of them runs; they end with this process. dask-jobqueue's own
    configuration says what a job asks for; without one a job asks for one core. Raises ClusterError."""
    if shutil.which("sbatch") is None:
        raise ClusterError("there is no Slurm on this machine: sbatch is not found")
    jobqueue = _imported("dask_jobqueue", "Slurm needs the package dask-jobqueue: pip install dask-jobqueue")
    configured: Any = importlib.import_module("dask.config").get("jobqueue.slurm", {})
    missing = {name: value for name, value in JOB.items() if configured.get(name) is None}
    try:
        cluster = jobqueue.SLURMCluster(**missing)
    except (OSError, ValueError) as error:
        raise ClusterError(f"dask-jobqueue cannot use its configuration ({error})") from None
    with cluster:
        cluster.adapt(minimum_jobs=jobs, maximum_jobs=jobs)  # a job that reaches its time limit is replaced by another
        with _client_of(cluster.scheduler_address) as client:
            client.wait_for_workers(1)
            yield from _workers_of(client, jobs * int(configured.get("processes") or 1))


def _client_of(address: str) -> Any:
    distributed = _imported("distributed", "a cluster needs Dask: pip install distributed")
    try:
        return distributed.Client(address, timeout=SECONDS)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no Dask scheduler answers at {address} ({error})") from None


def _workers_of(client: Any, count: int) -> Iterator[Workers]:
    if max(client.nthreads().values()) > 1:
        raise ClusterError("a worker grades one submission at a time: start workers with --nthreads 1")
    _refuse_another_copy(client.run(package_of_worker, on_error="return"))
    try:
        yield Workers(client.get_executor(pure=False), count)
    except CancelledError:
        raise ClusterError("the scheduler is gone; what is graded is kept, run this again to go on") from None


def _imported(name: str, otherwise: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ClusterError(otherwise) from None


def package_of_worker() -> str:
    """The folder of the grader."""
    return autograder.__file__


def _refuse_another_copy(answers: dict[str, str | Exception]) -> None:
    """Raises ClusterError where a worker has another copy of the grader: a task that is sent to it names files of this
    one."""
    for worker, answer in answers.items():
        if isinstance(answer, Exception):
            raise ClusterError(
                f"the worker {worker} cannot import the grader ({answer}): start it where the grader is installed"
            )
        if answer != autograder.__file__:
            raise ClusterError(
                f"the worker {worker} has the grader in {answer}, not in {autograder.__file__}: start it from there"
            )


def _begin() -> None:
    """Makes a worker end with the process that it works for, however that ended; only that process answers Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)
