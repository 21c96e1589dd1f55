"""Confined guests, for Linux: starts the zygote, makes it fork guests, and ends them."""

import contextlib
import json
import os
import select
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from autograder.guest import wire
from autograder.guest.killer import CALM_LOOKS, NICEST
from autograder.guest.namespace import Source
from autograder.guest.processes import descendants_of, processes_of, serve_last, usage_of
from autograder.guest.supervision import Excess
from autograder.student.sandbox import host
from autograder.student.sandbox.begun_zygote import BegunZygote
from autograder.student.sandbox.early import begun
from autograder.student.sandbox.host import START_SECONDS, Sandbox, SandboxError
from autograder.student.sandbox.machine import Machine
from autograder.student.sandbox.session import Session

CLEAR_SECONDS = 20.0
FEW_THREADS = 8
"""A guest with more processes or threads than this is served last, so that the others on the machine keep their
share."""
SOON = 0.05
"""Seconds from one look to the next while something may soon be too much: several processes, or half of the memory."""


class ForkedGuest:
    """A guest as its zygote keeps it; used for one program."""

    def __init__(self, zygote: "Zygote", connection: socket.socket, *, pid: int, scratch: str) -> None:
        self.connection = connection
        self.pid = pid
        """Its number for the zygote."""
        self.scratch = scratch
        self._zygote = zygote
        self._is_over = False
        self._used_before, self._ended_before = self._used(), zygote.group.ended if zygote.group else 0

    def watch(self) -> float:
        """Checks what it uses. Raises Excess."""
        processes = self._zygote.guests()
        allowance = self._zygote.allowance
        allowance.compare_count(len(processes))
        self._zygote.machine.watch()
        usage = usage_of(processes, allowance.memory, shared=self._zygote.pid)
        if usage.threads > FEW_THREADS:
            self._zygote.serve_last(processes)
        # Where it has a root of its own, its files can only be reached through its processes.
        inside = f"/proc/{processes[0]}/root" if processes and self._has_a_root else ""
        allowance.compare(usage, inside + self.scratch)
        if self._used() - self._used_before > allowance.memory:
            raise allowance.too_much_memory
        return SOON if len(processes) > 1 or usage.memory > allowance.memory / 2 else wire.MEANWHILE

    def exit_code(self) -> int | None:
        """How it ended; None where it has not ended within two seconds."""
        return self._zygote.exit_code(self.pid)

    def asked(self) -> list[str]:
        """System calls that it was refused because no table lists them."""
        return self._zygote.asked(self.pid)

    def _used(self) -> int:
        """Bytes that the guests have, where the kernel counts them."""
        with contextlib.suppress(OSError, ValueError):
            return self._zygote.group.used if self._zygote.group else 0
        return 0

    def starved(self) -> Excess | None:
        """The message where it has a control group."""
        group = self._zygote.group
        return self._zygote.allowance.too_much_memory if group and group.ended > self._ended_before else None

    def full(self) -> Excess | None:
        """The message where nothing else writes to its scratch folder."""
        return self._zygote.allowance.too_much_written if self._has_a_root else None

    @property
    def _has_a_root(self) -> bool:
        return "mounts" in self._zygote.layers

    def leave(self) -> None:
        """Ends it: a guest that has run one program is not used for another."""
        self.connection.close()
        self.end()

    def end(self) -> None:
        """Kills it with everything that it has started, and removes its scratch folder."""
        if self._is_over:
            return
        self._is_over = True
        self._zygote.clear()
        self._zygote.exit_code(self.pid)  # by then the zygote's processor time includes the guest's
        self._zygote.reservation.remove(self.scratch)


class Zygote(Sandbox):
    """One process with torch imported, from which every guest is forked."""

    def __init__(self, environment: str, confinement: Literal["strict", "best"] = "best") -> None:
        self._begun = begun(BegunZygote, environment)
        self._control, self._process = self._begun.control, self._begun.process
        self.reservation, self.allowance, self.group = (
            self._begun.reservation,
            self._begun.allowance,
            self._begun.group,
        )
        self._confinement = confinement
        self.machine = Machine(self.reservation.folder)
        self._ready: dict[str, Any] = {}
        self._ended: dict[int, dict[str, Any]] = {}
        """Maps a guest to how it ended."""
        self._peak_memory = 0.0

    def close(self) -> None:
        """Ends the zygote and its guests, and removes its folder."""
        self._begun.close()

    @property
    def pid(self) -> int:
        """The zygote's process."""
        return int(self._started()["ready"])

    def guests(self) -> list[int]:
        """The processes of guests, with everything that they have started."""
        return processes_of(self.reservation.user) if self._gives_users else descendants_of(self.pid)

    @property
    def _gives_users(self) -> bool:
        """Whether guests have a user of their own."""
        return "uid" in self.layers

    def open(self, probes: str, program: Sequence[Source], seconds: float, *, exhibits: str = "") -> Session:
        """Forks a guest and has it execute `program`. Raises SandboxError where it cannot."""
        scratch = tempfile.mkdtemp(prefix="scratch-", dir=self.reservation.folder)
        if self._gives_users:
            os.chown(scratch, self.reservation.user, self.reservation.user)
        order = json.dumps({"fork": self.reservation.user, "scratch": scratch, "exhibits": exhibits}).encode()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            socket.send_fds(self._control, [order], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise SandboxError(f"the zygote is gone: {error}") from None
        finally:
            theirs.close()
        guest = ForkedGuest(self, ours, pid=self._expect("forked")["forked"], scratch=scratch)
        return Session(guest, probes, tuple(program), seconds)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that work here."""
        return tuple(name for name, wrong in self._started()["trial"].items() if not wrong)

    @property
    def lacking(self) -> Mapping[str, str]:
        """The layers that do not work here, and why."""
        return {name: wrong for name, wrong in self._started()["trial"].items() if wrong}

    @property
    def unit(self) -> float:
        """The speed unit, as measured by the zygote."""
        return float(self._started()["unit"])

    def _started(self) -> dict[str, Any]:
        """What the zygote has said about itself. Raises SandboxError; also where a layer is missing and all were asked
        for."""
        if not self._ready:
            ready = self._expect("ready", START_SECONDS)
            host.refuse_another_copy(ready["package"])
            self._ready = ready
        absent = [f"{name} ({wrong})" for name, wrong in self._ready["trial"].items() if wrong]
        if self._confinement == "strict" and absent:
            raise SandboxError(
                f"this machine lacks {', '.join(absent)}, and nothing less than all layers was asked for"
            )
        return self._ready

    def peak_memory(self) -> float:
        """The most memory of a guest, as the system says when the guest ends."""
        peak, self._peak_memory = self._peak_memory, 0.0
        return peak

    def exit_code(self, pid: int, seconds: float = 2.0) -> int | None:
        """How a guest ended; None where it has not ended within `seconds`."""
        deadline = time.monotonic() + seconds
        while pid not in self._ended and self._listen(deadline - time.monotonic()) is not None:
            pass
        return self._ended[pid]["code"] if pid in self._ended else None

    def asked(self, pid: int) -> list[str]:
        """System calls that a guest was refused because no table lists them."""
        if pid not in self._ended:
            self._control.send(json.dumps({"asked": pid}).encode())
            told: list[str] = self._expect("told")["told"]
            if pid not in self._ended:
                return told
        names: list[str] = self._ended[pid]["asked"]
        return names

    def clear(self) -> None:
        """Kills everything that guests have left running, and waits until it is gone."""
        deadline = time.monotonic() + CLEAR_SECONDS
        # Where guests are known only by their descent, one look may miss a process that is just being started.
        looks = 1 if self._gives_users or "namespaces" in self.layers else CALM_LOOKS
        while True:
            self._control.send(json.dumps({"clear": True}).encode())
            self._expect("cleared")
            if not any(self.guests() for _ in range(looks)) or time.monotonic() > deadline:
                break
            time.sleep(0.002)  # a killed process still needs its turn to die

    def serve_last(self, processes: list[int]) -> None:
        """Gives everything that guests run, and start from now on, the smallest share of the processors."""
        if self._gives_users:
            self._control.send(json.dumps({"serve_last": True}).encode())
            self._expect("served_last")
        else:
            serve_last(processes, NICEST)

    def _expect(self, word: str, seconds: float = 30.0) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            message = self._listen(deadline - time.monotonic())
            if message is None:
                raise SandboxError(f"the grading process did not start: {host.last_words(self._process)}")
            if word in message:
                return message

    def _listen(self, seconds: float) -> dict[str, Any] | None:
        if not select.select([self._control], [], [], max(seconds, 0))[0]:
            return None
        packet = self._control.recv(4096)
        if not packet:
            return None
        message: dict[str, Any] = json.loads(packet)
        if "ended" in message:
            self._ended[message["ended"]] = message
            self._peak_memory = max(self._peak_memory, message["memory"])
        return message
