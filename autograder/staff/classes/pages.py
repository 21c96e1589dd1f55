"""Templates and scripts of the pages about a class, in addition to those of the page about one submission, which they
include."""

from jinja2 import ChoiceLoader, PackageLoader, Template

from autograder.student.output import html

ROOM = "autograder.staff.classes"


def template(name: str, room: str = ROOM) -> Template:
    """A template of either kind. `room`: the package in which it lies."""
    base = html.environment()
    assert base.loader is not None
    return base.overlay(loader=ChoiceLoader([PackageLoader(room, "."), base.loader])).get_template(name)


def script(name: str) -> dict[str, object]:
    """The text and the digest of a script, as `html.script` returns them."""
    return html.script(name, ROOM)
