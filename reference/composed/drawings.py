"""The drawings: rendered once from the SVG of five icon sets, kept as small pictures in drawings.zip.

`python -m reference.composed.drawings FOLDER` makes the zip anew, where FOLDER is node_modules/@iconify-json with the
packages of SETS. Their licences are in LICENCES.md.
"""

import functools
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

FILE = Path(__file__).with_name("drawings.zip")
SIDE = 96
"""Pixels of the longer side."""
TIMESTAMP = (2000, 1, 1, 0, 0, 0)
SETS = ("noto", "twemoji", "emojione", "fxemoji", "fluent-emoji-flat")
ICONS = {
    "airplane": "airplane airplane-arrival airplane-departure small-airplane",
    "bird": "bird black-bird dove duck eagle owl parrot penguin chicken rooster swan flamingo goose turkey",
    "car": "automobile oncoming-automobile taxi oncoming-taxi racing-car police-car oncoming-police-car "
    "sport-utility-vehicle",
    "cat": "cat black-cat cat-face grinning-cat pouting-cat kissing-cat weary-cat grinning-cat-face pouting-cat-face",
    "deer": "deer moose",
    "dog": "dog dog-face guide-dog service-dog poodle",
    "horse": "horse horse-face horse-racing",
    "monkey": "monkey monkey-face gorilla orangutan see-no-evil-monkey",
    "ship": "ship passenger-ship ferry motor-boat speedboat sailboat",
    "truck": "delivery-truck articulated-lorry pickup-truck fire-engine",
}
"""Maps a class to the names that its icons have in the sets; not every set has all of them."""


@functools.cache
def drawings() -> dict[str, tuple[Image.Image, ...]]:
    """Maps a class to its drawings, RGBA, cropped to the part that is not transparent."""
    found: dict[str, list[Image.Image]] = {}
    with zipfile.ZipFile(FILE) as archive:
        for name in sorted(archive.namelist()):
            picture = Image.open(io.BytesIO(archive.read(name))).convert("RGBA")
            found.setdefault(name.split("/")[0], []).append(picture)
    return {name: tuple(pictures) for name, pictures in found.items()}


def make(packages: Path) -> Iterator[tuple[str, bytes]]:
    """Path within the zip and PNG of every drawing."""
    for package in SETS:
        icons = json.loads((packages / package / "icons.json").read_text(encoding="utf-8"))
        for kind, names in ICONS.items():
            for name in names.split():
                if name in icons["icons"]:
                    yield f"{kind}/{package}-{name}.png", _render(icons, icons["icons"][name])


def _render(icons: dict[str, Any], icon: dict[str, Any]) -> bytes:
    import resvg_py

    left, top, width, height = (
        icon.get(key, icons.get(key, default))
        for key, default in (("left", 0), ("top", 0), ("width", 16), ("height", 16))
    )
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}" width="{width}" height="{height}">{icon["body"]}</svg>'
    )
    drawn = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE)))).convert(
        "RGBA"
    )
    rows, columns = np.nonzero(np.asarray(drawn)[..., 3] > 8)
    file = io.BytesIO()
    drawn.crop((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)).save(file, "PNG", optimize=True)
    return file.getvalue()


def main() -> None:
    """Writes drawings.zip."""
    with zipfile.ZipFile(FILE, "w") as archive:
        for name, content in sorted(make(Path(sys.argv[1]))):
            archive.writestr(zipfile.ZipInfo(name, TIMESTAMP), content)


if __name__ == "__main__":
    main()
