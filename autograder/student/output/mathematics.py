"""LaTeX formulas as pictures, drawn by MathJax in a JavaScript engine of its own: no browser, no TeX, no network."""

import base64
import re
from functools import cache
from typing import Any

from markupsafe import Markup, escape

_TAG = re.compile(r"\\tag\*?\{([^{}]*)\}")
LONGEST = 20_000
"""The most characters of a formula."""


@cache
def formula(latex: str, *, display: bool) -> Markup:
    """An image for a line of text, or for a line of its own; the LaTeX itself where MathJax does not accept it."""
    try:
        if len(latex) > LONGEST:
            raise ValueError("too long")
        # An equation's number would make the picture as wide as the page.
        picture: str = _renderer().render(_TAG.sub(r"\\qquad(\1)", latex), display=display)
    except Exception:  # whatever in a student's text it fails on
        picture = ""
    if not picture or "data-mjx-error" in picture or "merror" in picture:
        return Markup('<code class="formula">{}</code>').format(latex)
    data = base64.b64encode(picture.encode()).decode()
    width, height, lowered = (_style(picture, name) for name in ("width", "height", "vertical-align"))
    style = f"width:{width};height:{height};vertical-align:{lowered}"
    return Markup('<img class="formula{}" alt="{}" style="{}" src="data:image/svg+xml;base64,{}">').format(
        " display" if display else "", latex, style, data
    )


def _style(picture: str, name: str) -> str:
    """A length from the first tag of MathJax's picture, where it is given in units of the text around it."""
    tag = picture[: picture.index(">")]
    for start, end in ((f'{name}="', '"'), (f"{name}: ", ";")):
        if start in tag:
            return str(escape(tag.split(start, 1)[1].split(end, 1)[0]))
    return "auto"


@cache
def _renderer() -> Any:
    from quickjax import MathJaxRenderer

    return MathJaxRenderer()
