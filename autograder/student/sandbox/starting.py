"""Chooses where guests come from, by what the system can do."""

import os
import socket
import sys

from autograder.student.sandbox.host import Confinement, Sandbox, SandboxError


def can_confine() -> bool:
    """Whether this system has what the layers need."""
    return sys.platform == "linux" and hasattr(os, "fork") and hasattr(socket, "AF_UNIX")


def exposed() -> list[str]:
    """The layers between a notebook and this user's own files and processes that this Linux machine does not have, each
    with the reason. Answered without a sandbox, in milliseconds."""
    from autograder.guest.confinement import can_become, landlock, namespaces, seccomp
    from autograder.student.sandbox.reservation import USUAL

    user = USUAL.start
    wrong = {
        "namespaces": "" if can_become(user) else namespaces.refusal(user),
        "landlock": landlock.refusal(),
        "seccomp": seccomp.refusal(),
    }
    return [f"{layer}: {why}" for layer, why in wrong.items() if why]


def start(environment: str, confinement: Confinement = "best") -> Sandbox:
    """A sandbox with the packages of the module `environment`.

    `confinement`: with "best" guests get every layer that works on this machine; with "strict" no guest is opened where
    one layer does not work; with "none" they run with the user's rights. Raises SandboxError where this system cannot
    do "strict".
    """
    if confinement == "strict" and not can_confine():
        raise SandboxError("only Linux can confine a notebook's code, and nothing less than all layers was asked for")
    if sys.platform == "linux" and confinement != "none" and can_confine():
        from autograder.student.sandbox.forking import Zygote

        return Zygote(environment, confinement)
    from autograder.student.sandbox.plain import PlainSandbox

    return PlainSandbox(environment)
