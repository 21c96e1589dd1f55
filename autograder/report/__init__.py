"""What a person reads of the results: in the terminal and as a page."""

import re
import unicodedata

from markdown_it import MarkdownIt

from autograder.results import DIRECTIONS

ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor, erasing
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # titles, hyperlinks
    r"|\x1b[ -/]*[0-~]"
)


def harmless(text: str) -> str:
    """The text without escape codes, control characters, lone surrogates and what turns the direction of writing."""
    visible = ESCAPES.sub("", text).encode("utf-8", "replace").decode()
    return "".join(
        character
        for character in visible
        if character in "\n\t" or (unicodedata.category(character) != "Cc" and character not in DIRECTIONS)
    )


def markdown_parser() -> MarkdownIt:
    """For messages. They quote students, so there are no links, pictures, headings or raw HTML: those stay text."""
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    return parser.disable(
        ["link", "image", "autolink", "reference", "html_inline", "html_block", "heading", "lheading"]
    )
