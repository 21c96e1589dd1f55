"""Templates and scripts of the pages about a class, beside those about one submission, which they include."""

from jinja2 import ChoiceLoader, PackageLoader, Template

from autograder.student.output import html

ROOM = "autograder.staff.classes"


def template(name: str, room: str = ROOM) -> Template:
    """Of either kind. `room`: the package in which it lies."""
    base = html.environment()
    assert base.loader is not None
    return base.overlay(loader=ChoiceLoader([PackageLoader(room, "."), base.loader])).get_template(name)


def script(name: str) -> dict[str, object]:
    """As `html.script` gives a script of the other pages: its text and its digest."""
    return html.script(name, ROOM)
