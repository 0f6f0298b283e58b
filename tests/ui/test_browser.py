"""The console in headless Chromium: accessible, no scroll sideways, no violation of its policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.browser

CONTRAST: dict[str, Any] = {"runOnly": ["color-contrast"]}
WHAT_IF = "/patients/fi-north.p21?whatif=score2&age=50&sex=male&sbp_mmhg=130&risk_region=high"
PAGES = {
    "overview": "/",
    "overview after a pull was queued": "/?queued=pull&source=fi-north",
    "patients, last page": "/patients?page=2",
    "patients, none found": "/patients?q=nobody",
    "patients by one card": "/patients?card=score2&category=high&source=fi-north",
    "patient": "/patients/gb-west.p52",
    "patient without a score": "/patients/gb-west.p47",
    "patient not looked at": "/patients/nl-zuid.p9",
    "patient with a hostile name": "/patients/jp-kanto.p3",
    "patient with a long name": "/patients/gb-west.p2",
    "patient, what if": f"{WHAT_IF}&total_cholesterol_mmol_l=5&hdl_cholesterol_mmol_l=1.2"
    "&current_smoker=yes",
    "patient, what if without an answer": f"{WHAT_IF}&age=20",
    "findings": "/findings?source=fi-north",
    "findings of one group": "/findings?source=gb-west&reason=unit-missing",
    "models": "/models",
    "codes": "/codes",
    "codes, a code": "/codes?q=http%3A%2F%2Floinc.org%7C2160-0",
    "codes, a unit and a conversion": "/codes?q=K%2FuL&value=5&from=K%2FuL&feature=wbc",
    "codes, a feature": "/codes?q=hba1c",
    "codes, nothing known": f"/codes?q={'%3Cscript%3E%E2%80%AE' * 20}",
    "codes, no result": "/codes?value=5&from=mg%2FdL&to=mmol%2FL",
    "country file": "/countries/JP",
    "population": "/population?card=score2&group=country",
    "population, few": "/population?card=news2&group=age",
    "no such page": "/patients/nobody",
}
CROWDED = ("/patients", "/findings")
EMPTY = ("/", "/patients", "/findings", "/population")
VIEWS = (
    (1280, "light", None),
    (1280, "dark", CONTRAST),
    (360, "light", None),
    (360, "dark", CONTRAST),
)
"""Width, colour scheme, and the rules to check: what is no matter of colours holds in both."""

NARROW = 320
"""The width of a phone, or of a wide screen magnified four times."""


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """Give a page that notes every complaint of the browser."""
    context = browser.new_context()
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("requestfailed", lambda failed: page.complaints.append(failed.url))
    yield page
    context.close()


def look(page: Any, url: str, views: Sequence[tuple[int, str, Any]] = VIEWS) -> None:
    """Show a page at each width and scheme; fail on any violation, scroll sideways or complaint."""
    from axe_playwright_python.sync_playwright import Axe

    for width, scheme, rules in views:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        if page.url != url:
            page.goto(url)
        found = Axe().run(page, options={"resultTypes": ["violations"], **(rules or {})})
        assert found.violations_count == 0, f"{width} {scheme}: {found.generate_report()}"
        assert fits(page), (width, scheme)
    page.set_viewport_size({"width": NARROW, "height": 800})
    assert fits(page), NARROW
    assert [told for told in page.complaints if "status of 404" not in told] == []


def fits(page: Any) -> bool:
    """Return whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_every_page_is_accessible_and_fits(tab: Any, site: str, path: str) -> None:
    look(tab, site + path)


@pytest.mark.parametrize("path", CROWDED)
def test_a_crowded_page_is_accessible_and_fits(tab: Any, site: str, path: str) -> None:
    look(tab, site + path, VIEWS[:1])


@pytest.mark.parametrize("path", EMPTY)
def test_empty_pages_are_accessible_and_say_what_to_do(tab: Any, bare_site: str, path: str) -> None:
    look(tab, bare_site + path)
    assert tab.locator(".blank").count() == 1


@pytest.fixture
def desk(browser: Any) -> Iterator[Any]:
    """Give a page of a desktop's size."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def focus_of(page: Any) -> tuple[str, str, bool]:
    """Return element, text and whether its focus can be seen."""
    found: list[Any] = page.evaluate(
        """() => {
            const it = document.activeElement, look = getComputedStyle(it);
            const name = it.getAttribute('aria-label') || it.textContent || it.name || '';
            const seen = look.outlineStyle !== 'none' && it.matches(':focus-visible');
            return [it.tagName, name.trim(), seen];
        }"""
    )
    return found[0], found[1], found[2]


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    desk: Any, site: str
) -> None:
    desk.goto(site + "/patients")
    wanted = desk.locator("a[href], button, input:not([type=hidden]), select, summary").count()
    seen = []
    for _ in range(wanted):
        desk.keyboard.press("Tab")
        tag, name, visible = focus_of(desk)
        assert visible, (tag, name)
        seen.append(name)
    assert seen[0] == "Skip to content"
    assert "Apply" in seen
    assert "FHIR endpoint" in seen[-1]


def test_the_skip_link_leads_to_the_content(desk: Any, site: str) -> None:
    desk.goto(site + "/findings")
    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")
    assert focus_of(desk)[0] == "MAIN"


def test_a_hostile_name_is_text(desk: Any, site: str) -> None:
    desk.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    desk.goto(site + "/patients/jp-kanto.p3")
    assert "<script>alert('x')</script>" in desk.locator("h1").inner_text()
    assert desk.evaluate("document.querySelectorAll('main script, main img').length") == 0


def test_names_keep_their_own_direction(desk: Any, site: str) -> None:
    desk.goto(site + "/patients/de-mitte.p0")
    name = desk.locator("h1 bdi")
    assert name.evaluate("it => getComputedStyle(it).unicodeBidi") == "isolate"
    assert name.inner_text() == "عينة الاختبار"


def test_what_if_answers_while_one_types(desk: Any, site: str) -> None:
    desk.goto(site + "/patients/fi-north.p21")
    desk.click("#what-if-score2 summary")
    desk.fill("#w-score2-sbp_mmhg", "170")
    answer = desk.locator("#answer-score2 table")
    answer.wait_for()
    first = answer.inner_text()
    desk.fill("#w-score2-sbp_mmhg", "110")
    desk.wait_for_function(
        "first => document.querySelector('#answer-score2 table')?.innerText !== first", arg=first
    )
    assert "sbp_mmhg=110" in desk.url


def test_what_if_answers_without_scripts(browser: Any, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + "/patients/fi-north.p21")
    page.click("#what-if-score2 summary")
    page.fill("#w-score2-sbp_mmhg", "170")
    page.click("#what-if-score2 button")
    assert page.locator("#answer-score2 table").count() == 1
    assert page.input_value("#w-score2-sbp_mmhg") == "170"
    context.close()


def test_a_slider_and_its_number_go_together(desk: Any, site: str) -> None:
    desk.goto(site + "/patients/fi-north.p21")
    desk.click("#what-if-score2 summary")
    slider, number = (
        desk.locator("[data-for=w-score2-sbp_mmhg]"),
        desk.locator("#w-score2-sbp_mmhg"),
    )
    number.fill("140")
    assert slider.input_value() == "140"
    slider.focus()
    desk.keyboard.press("ArrowRight")
    assert number.input_value() == "141"
    assert slider.get_attribute("aria-valuetext") == "141 mmHg"
    desk.wait_for_url("**sbp_mmhg=141**")
    assert desk.locator("#answer-score2 table").count() == 1
    desk.keyboard.press("End")
    assert number.input_value() == "350"
    number.fill("no number")
    assert slider.input_value() == "350"


def test_sliders_stay_away_without_scripts(browser: Any, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + "/patients/fi-north.p21?whatif=score2&age=50")
    assert page.locator("#what-if-score2 input[type=range]").count() > 3
    assert page.locator("#what-if-score2 input[type=range]:visible").count() == 0
    context.close()


def test_pull_now_queues_a_pull_and_says_so(desk: Any, site: str) -> None:
    desk.goto(site + "/")
    desk.click("button[aria-label='Pull now from fi-north']")
    assert desk.locator("[role=status]").inner_text().startswith("A pull from fi-north is queued")


def test_a_printed_patient_shows_results_and_no_controls(desk: Any, site: str) -> None:
    desk.goto(site + "/patients/fi-north.p21")
    desk.emulate_media(media="print")
    assert desk.locator(".result").first.is_visible()
    assert not desk.locator("button:visible").count()
    assert not desk.locator("nav:visible").count()
