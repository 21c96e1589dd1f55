"""Both pages in a real browser: nothing on the console, no request, and the class's page filters and sorts."""

import re
import time

import pytest

from autograder.ps7.student.report.expectations import bands, expectations
from autograder.staff.classes import dashboard
from autograder.student.output import html
from autograder.student.output.printing import browsers
from tests.classes.classes import MISTAKES, RUBRIC, large, small
from tests.output.reports import mixed
from tests.output.test_drawing import PICTURED, pictured
from tests.output.test_html import with_a_cell

playwright = pytest.importorskip("playwright.sync_api")
WIDTHS = {"desk": 1280, "phone": 390}


@pytest.fixture(scope="module")
def browser():
    path = next(browsers(), None)
    if path is None:
        pytest.skip("no browser is here: install Chromium, Chrome or Edge")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a text as a page, and checks what both pages promise."""
    contexts, said = [], []

    def open_page(text, *, width=1280, scheme="light"):
        file = tmp_path / "page.html"
        file.write_text(text, encoding="utf-8")
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if request.url != file.as_uri() else None)
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not said


def overview(entries):
    return dashboard.render(entries, RUBRIC, MISTAKES, bands(expectations()), anonymous=False)


def shown(page):
    """The submissions in the table, from the top."""
    return page.eval_on_selector_all(
        "#submissions tbody tr:not([hidden])",
        "rows => rows.map(row => row.cells[0].textContent.trim().split(' ').pop())",
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize(
    "text",
    [
        html.render(mixed("Wrong: `the shape`."), title="Problem Set 7", notebook_name="ps7.ipynb"),
        pictured(PICTURED),
        overview(small()),
    ],
    ids=["report", "pictures", "class"],
)
def test_a_page_fits_its_window(opened, text, width, scheme):
    page = opened(text, width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    red, *_ = re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (int(red) < 128) == (scheme == "dark")
    assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")


def test_every_word_of_the_search_must_be_there(opened):
    page = opened(overview(small()))
    page.fill("#search", "lovelace temperature")
    assert shown(page) == ["bob"]
    assert page.text_content("#shown") == "1 of 4"
    page.fill("#search", "not graded")
    assert shown(page) == ["dora"]
    page.fill("#search", "nobody")
    assert shown(page) == []
    page.fill("#search", "")
    assert shown(page) == ["ada", "bob", "cleo", "dora"]


def test_a_mistake_shows_who_has_made_it(opened):
    entries = large(200)
    page = opened(overview(entries))
    row = page.locator("#mistakes tbody tr").first
    count, slug = row.locator("td").nth(0).text_content(), row.locator("button").text_content()
    row.locator("button").click()
    assert shown(page) == [entry.handed.name for entry in entries if slug in entry.mistakes]
    assert len(shown(page)) == int(count)


def test_columns_sort_both_ways(opened):
    entries = large(200)
    page = opened(overview(entries))
    scores = {entry.handed.name: entry.score for entry in entries}
    for direction in (1, -1):
        page.click("#submissions th:has-text('points') button")
        sorted_scores = [direction * scores[name] for name in shown(page)]
        assert sorted_scores == sorted(sorted_scores)
    page.click("#submissions th:has-text('Student') button")
    assert shown(page)[:3] == ["submission_0", "submission_1", "submission_2"]


def test_a_thousand_open_within_two_seconds(opened):
    started = time.monotonic()
    page = opened(overview(large(1000)))
    assert page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart") < 2000
    page.fill("#search", "submission_99")
    assert len(shown(page)) == 11
    assert time.monotonic() - started < 60


def test_a_button_copies_the_cell(opened):
    page = opened(with_a_cell())
    page.click("summary")
    page.click("button.copy")
    assert page.text_content("button.copy") == "Copied"
    assert page.evaluate("String(getSelection())").strip() == "print('</script>')"
