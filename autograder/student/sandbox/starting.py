"""Chooses where guests come from, by what the system can do."""

import os
import socket
import sys

from autograder.student.sandbox.host import Confinement, Sandbox, SandboxError


def can_confine() -> bool:
    """Whether this system has what the layers are made of."""
    return sys.platform == "linux" and hasattr(os, "fork") and hasattr(socket, "AF_UNIX")


def start(environment: str, confinement: Confinement = "best") -> Sandbox:
    """A sandbox with the packages of the module `environment`.

    `confinement`: with "best" guests get every layer that works on this machine; with "strict" none is opened where one
    does not; with "none" they run as the user does. Raises SandboxError where "strict" is beyond this system.
    """
    if confinement == "strict" and not can_confine():
        raise SandboxError("only Linux can confine a notebook's code, and nothing less than all layers was asked for")
    if sys.platform == "linux" and confinement != "none" and can_confine():
        from autograder.student.sandbox.forking import Zygote

        return Zygote(environment, confinement)
    from autograder.student.sandbox.plain import PlainSandbox

    return PlainSandbox(environment)
