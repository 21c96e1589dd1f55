"""Probes, an interpreter and readers with mistakes of their own."""


def convolutions(notebook, *, component, **_):
    if component == "Decoder":
        return {"surprise": 1}, {}
    return {}["a key that nobody has set"], {}


def made(notebook, **_):
    return {}, {}


def raising(*_):
    return {}["a key that nobody has set"]


def forgetful(notebook, item):
    return {}
