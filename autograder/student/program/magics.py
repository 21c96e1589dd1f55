"""Turns IPython's own syntax into Python, line by line, so that line numbers stay true.

It does not use IPython's transformer, which takes quadratic time on hostile cells and joins continued lines.
"""

import re

from autograder.student.program.lines import LineScan

_BODY_MAGICS = frozenset(("time", "timeit", "capture", "prun", "memit", "wandb", "debug"))
"""Cell magics that run the cell's body as Python; under any other magic the body is not Python."""
_WRITES_MODULE = re.compile(r"\s*%%(?:writefile|file)[ \t]+(?:-a[ \t]+)?(?:\./)?([\w/]+)\.py[ \t]*(?:\n|$)")
_LINE_BODY_MAGICS = frozenset(("time", "prun", "memit"))
_HELP = re.compile(r"[%\w.*\[\]]*+[\w\])]?\?{1,2}")
_SHELL_WORD = re.compile(r"(pip3?|conda|cd|ls|mkdir|rm|cp|mv|cat|pwd|unzip|wget)[ \t]+[\w\-./~\"*]")
_TARGETS = re.compile(r"[\w., \t\[\]*]+")
_FIRST_WORD = re.compile(r"\S*")


def without_magics(source: str) -> str | None:
    """Python with the same number of lines; None where a cell magic says that the cell is not Python."""
    lines = _dedented(source.split("\n"))
    for index, line in enumerate(lines):
        stripped = line.strip()
        if stripped.startswith("%%"):
            name = _first_word(stripped[2:])
            if name not in _BODY_MAGICS and written_module(source) is None:
                return None
            lines[index] = ""
        elif stripped and not stripped.startswith("#"):
            break
    return "\n".join(_plain_lines(lines))


def written_module(source: str) -> str | None:
    """The module that a cell with `%%writefile nets.py` writes ("nets"), None for any other cell."""
    match = _WRITES_MODULE.match(source)
    return match.group(1).replace("/", ".") if match else None


def _dedented(lines: list[str]) -> list[str]:
    """Removes the first line's indentation from every line, as IPython does."""
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    return [line.removeprefix(indent) for line in lines] if indent else lines


def _plain_lines(lines: list[str]) -> list[str]:
    plain: list[str] = []
    scan = LineScan()
    command_continues = False
    for line in lines:
        if command_continues:
            command_continues = line.endswith("\\")
            plain.append("")
            continue
        replaced = _plain_line(line) if scan.fresh else None
        if replaced is None:
            scan.feed(line)
        else:
            command_continues = line.endswith("\\")
        plain.append(line if replaced is None else replaced)
    return plain


def _plain_line(line: str) -> str | None:
    """The Python for a line that starts a statement, or None where the line needs no change."""
    body = line.lstrip(" \t")
    indent = line[: len(line) - len(body)]
    body = body.rstrip("\\ \t\r")
    if body.startswith("%"):
        name = _first_word(body.lstrip("%"))
        rest = body.lstrip("%")[len(name) :].strip()
        if name in _LINE_BODY_MAGICS and rest and not rest.startswith("-"):
            return indent + rest
        return f"{indent}get_ipython().run_line_magic({name!r}, {rest!r})"
    if body.startswith("!"):
        return f"{indent}get_ipython().system({body.lstrip('!').strip()!r})"
    if body.startswith("?") or _HELP.fullmatch(body):
        return f"{indent}get_ipython().run_line_magic('pinfo', {body.strip('?')!r})"
    if _SHELL_WORD.match(body):
        return f"{indent}get_ipython().system({body!r})"
    return _captured(indent, body)


def _captured(indent: str, body: str) -> str | None:
    """`x = !command` and `x = %magic`."""
    left, _, right = body.partition("=")
    right = right.lstrip()
    if not right.startswith(("!", "%")) or right.startswith("!=") or not _TARGETS.fullmatch(left):
        return None
    command = right[1:].strip()
    if right.startswith("!"):
        return f"{indent}{left.rstrip()} = get_ipython().getoutput({command!r})"
    name = _first_word(command)
    rest = command[len(name) :].strip()
    return f"{indent}{left.rstrip()} = get_ipython().run_line_magic({name!r}, {rest!r})"


def _first_word(text: str) -> str:
    match = _FIRST_WORD.match(text)
    return match.group() if match else ""
