"""The toy's guests find only what is installed anyway."""

PREPARED = []


def preload(): ...


def measure():
    return 0.01


def settings():
    return lambda: None


def install():
    PREPARED.append(None)
