"""The limits and priorities that a guest has from the process that it is forked from, and that other guests may have
changed there."""

import os
import resource
from collections.abc import Mapping

import msgspec

LIMITS = tuple(getattr(resource, name) for name in sorted(dir(resource)) if name.startswith("RLIMIT_"))


class Inherited(msgspec.Struct, frozen=True):
    """Limits, priority, scheduler and processors of this process."""

    limits: Mapping[int, tuple[int, int]]
    niceness: int
    scheduler: int
    processors: frozenset[int]

    def put_back(self) -> None:
        """Undoes what was done to this process since. Raises OSError or ValueError where it may not."""
        now = inherited()
        for limit, pair in self.limits.items():
            if now.limits[limit] != pair:
                resource.setrlimit(limit, pair)
        if now.scheduler != self.scheduler:
            os.sched_setscheduler(0, self.scheduler, os.sched_param(0))
        if now.niceness != self.niceness:
            os.setpriority(os.PRIO_PROCESS, 0, self.niceness)
        if now.processors != self.processors:
            os.sched_setaffinity(0, self.processors)


def inherited() -> Inherited:
    """The limits, priority, scheduler and processors as they are now."""
    return Inherited(
        {limit: resource.getrlimit(limit) for limit in LIMITS},
        os.getpriority(os.PRIO_PROCESS, 0),
        os.sched_getscheduler(0),
        frozenset(os.sched_getaffinity(0)),
    )
