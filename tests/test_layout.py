"""Every page, measured in Chromium: nothing is cut off, faint, too small to hit or unreachable.

English, whose words are long, is what runs out of room first.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests import sample_pages, source_tree
from tests.gallery import Gallery
from tests.sample_pages import Sample

SAMPLES = list(sample_pages.samples())
IDS = [f"{number}-{sample.template}" for number, sample in enumerate(SAMPLES)]
#: A small phone, a usual one, and a desktop whose letters are twice as large.
WIDTHS = (320, 390, 1180 // 2)
CHECKS = (source_tree.ROOT / "tests" / "layout.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def gallery(browser: Browser) -> Iterator[Gallery]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, reduced_motion="reduce"
    )
    context.add_init_script(CHECKS)
    yield Gallery(context)
    context.close()


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_a_page_can_be_used_by_everybody(sample: Sample, gallery: Gallery) -> None:
    page = gallery.show(sample, "en")
    found: dict[str, object] = {}

    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        found[f"wider than {width}"] = page.evaluate("layout.overflow()")
    page.set_viewport_size({"width": 390, "height": 844})
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        found[f"faint in the {theme}"] = page.evaluate("layout.contrast()")
    found["white in the dark"] = page.evaluate("layout.whiteInTheDark()")
    page.emulate_media(color_scheme="light")
    found |= page.evaluate(
        "({'no focus to see': layout.focus(), 'hard to hit': layout.hitArea(), "
        "'moves all the same': layout.motion()})"
    )

    assert {what: complaints for what, complaints in found.items() if complaints} == {}
