"""The resources that all processes of this machine share, and that no guest may use up: memory and disk."""

import os

from autograder.guest.control_groups import memory_left
from autograder.guest.supervision import MEBIBYTE, Excess

FLOOR = 64 * MEBIBYTE
"""Below this Linux spends its time on looking for memory."""
SHARE = 1 / 8


class Machine:
    """The machine as it was found, before any guest ran. `folder`: where guests write."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        # On a small machine, or with a full disk, less than that is usual.
        self._memory = min(FLOOR, int(SHARE * (memory_left() or 0)))
        self._disk = min(FLOOR, int(SHARE * self._free))

    @property
    def _free(self) -> int:
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize

    def watch(self) -> None:
        """Raises Excess where too little is left, whatever has taken it: this also sees what a guest's own limits do
        not count."""
        left = memory_left()
        if left is not None and left < self._memory:
            raise _stopped("of memory", self._memory)
        if self._free < self._disk:
            raise _stopped("on the disk", self._disk)


def _stopped(what: str, floor: int) -> Excess:
    said = f"the machine had less than {floor // MEBIBYTE} MB {what} left while this code ran, so the grader stopped it"
    return Excess(said, of_the_machine=True)
