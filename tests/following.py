"""Follows pages whose blocks say what to do with them: ```LANGUAGE create|insert|append|run PATH."""

import json
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

STEP = re.compile(r"^ *```\w+ (create|insert|append|run)\b *(.*)\n((?:.*\n)*?) *```$", re.MULTILINE)


def follow(page: str, folder: Path, run: Callable[[str], None]) -> list[str]:
    """Does everything in `folder`, with lines of a shell given to `run`; returns the kinds of what was done."""
    steps = STEP.findall(page)
    for how, where, text in steps:
        _do(how, where, textwrap.dedent(text), folder, run)
    return [how for how, *_ in steps]


def _do(how: str, where: str, text: str, folder: Path, run: Callable[[str], None]) -> None:
    path, _, marker = where.partition(" before ")
    file = folder / path
    if how == "create":
        assert not file.exists()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    elif how == "append":
        file.write_text(file.read_text(encoding="utf-8") + "\n" + text, encoding="utf-8")
    elif how == "insert":
        cells = re.split(r"(?m)^(?=# %%)", file.read_text(encoding="utf-8"))
        [place] = [number for number, cell in enumerate(cells) if json.loads(marker) in cell.split("\n")]
        file.write_text("".join([*cells[:place], text + "\n", *cells[place:]]), encoding="utf-8")
    else:
        for line in text.strip().split("\n"):
            run(line)
