"""Prints a page as a PDF: by a browser of Chromium's kind where there is one (Windows always has one), and by
PlutoPrint where there is only pip."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from autograder.student.output.placing import place

Printer = Literal["auto", "chromium", "plutoprint"]
SECONDS = 180
COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"%ProgramFiles%\Google\Chrome\Application\chrome.exe",
    r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe",
    r"%ProgramFiles%\Microsoft\Edge\Application\msedge.exe",
    r"%LocalAppData%\Google\Chrome\Application\chrome.exe",
)


class PrintingError(Exception):
    """The page cannot be printed here; the message says what to do."""


def print_page(html: str, out: Path, printer: Printer = "auto") -> str:
    """Writes the PDF and returns the name of the program that printed it. Raises PrintingError, and OSError for
    `out`."""
    browser = next(browsers(), None) if printer in {"auto", "chromium"} else None
    if browser is not None:
        _by_browser(browser, html, out)
        return Path(browser).stem
    if printer in {"auto", "plutoprint"} and find_spec("plutoprint") is not None:
        _by_plutoprint(html, out)
        return "plutoprint"
    raise PrintingError(
        "no program for printing was found: install Chrome, Edge or Chromium, or run `pip install plutoprint`"
        if printer == "auto"
        else f"{printer} is not installed; leave out --printer to use what is installed"
    )


def browsers() -> Iterator[str]:
    """The browsers of Chromium's kind that are installed."""
    yield from filter(None, map(shutil.which, COMMANDS))
    yield from filter(os.path.isfile, map(os.path.expandvars, PLACES))


def _by_browser(browser: str, html: str, out: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="autograder-print-", ignore_cleanup_errors=True) as folder:
        page, made = Path(folder, "page.html"), Path(folder, "page.pdf")
        page.write_text(html, encoding="utf-8", errors="replace")
        command = [browser, "--headless=new", "--disable-gpu", "--no-first-run", f"--user-data-dir={folder}/profile"]
        command += ["--no-pdf-header-footer", "--disable-remote-fonts"]
        command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--print-to-pdf={made}", page.as_uri()]
        if sys.platform == "linux" and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # with a sandbox it refuses to run as root
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise PrintingError(f"{browser} took longer than {SECONDS} s") from None
        if not made.is_file():
            words = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
            raise PrintingError(f"{browser} printed nothing: {words[-1]}")
        place(out, made.read_bytes())


def _by_plutoprint(html: str, out: Path) -> None:
    import plutoprint

    class Nothing(plutoprint.ResourceFetcher):
        def fetch_url(self, url: str) -> plutoprint.ResourceData:
            if url.startswith("data:"):
                return super().fetch_url(url)
            raise ValueError("nothing but what is in the page")

    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
    book.custom_resource_fetcher = Nothing()
    with contextlib.redirect_stderr(None), tempfile.TemporaryDirectory(prefix="autograder-print-") as folder:
        book.load_html(html)
        book.write_to_pdf(f"{folder}/page.pdf")
        place(out, Path(folder, "page.pdf").read_bytes())
