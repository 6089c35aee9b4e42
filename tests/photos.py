"""Photographs every page of the samples, as `make photos` does, for a person to look through.

photos/index.html       all photographs, to be chosen from by size, language and theme
photos/sheet-*.png      contact sheets, one for each size, language and theme
photos/pages/*.png      the photographs
"""

import asyncio
import html
import itertools
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.async_api import Browser, Page, Route, async_playwright

from tests import gallery, sample_pages, source_tree
from tests.chromium import find_chromium
from tests.sample_pages import Sample

FOLDER = source_tree.ROOT / "photos"
SIZES = {"phone": (390, 844), "desktop": (1180, 820)}
THEMES = ("light", "dark")
PAGES_AT_ONCE = 4
#: A page that is longer is cut off here.
LONGEST = 2400
#: A contact sheet's columns and the width of a picture in it.
COLUMNS = {"phone": (8, 195), "desktop": (5, 354)}
CAPTION_HEIGHT = 18
GAP = 12
STYLE = """
body { margin: 16px; font: 14px system-ui; background: #ccc; color: #111; }
form { position: sticky; top: 0; padding: 8px; background: #ccc; }
main { display: flex; flex-wrap: wrap; gap: 16px; align-items: start; }
figure { margin: 0; } figcaption { padding: 4px 0; } img { width: 260px; display: block; }
.desktop img { width: 560px; }
"""
SCRIPT = """
const form = document.forms[0];
const choose = () => {
  const words = [...new FormData(form).values()].filter(Boolean);
  for (const figure of document.querySelectorAll("figure")) {
    figure.hidden = !words.every((word) => figure.classList.contains(word));
  }
};
form.addEventListener("change", choose);
choose();
"""


@dataclass(frozen=True)
class Photo:
    """One photograph: what it shows, and how."""

    caption: str
    size: str
    lang: str
    theme: str

    @property
    def path(self) -> Path:
        """Where it lies."""
        return FOLDER / "pages" / f"{self.caption}-{self.size}-{self.lang}-{self.theme}.png"


class Photographer:
    """One page of a browser, which shows one sample after another."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._html: str | None = None

    async def get_ready(self) -> None:
        """Let nothing but the samples into the page."""
        await self._page.route("**/*", self._answer)

    async def take(self, caption: str, sample: Sample, lang: str) -> list[Photo]:
        """Photograph a sample in each size and theme."""
        self._html = sample_pages.render(sample, lang)
        await self._page.goto(gallery.SITE, wait_until="load")
        taken = []
        for size, theme in itertools.product(SIZES, THEMES):
            width, height = SIZES[size]
            await self._page.set_viewport_size({"width": width, "height": height})
            await self._page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            whole = await self._page.evaluate("document.documentElement.scrollHeight")
            photo = Photo(caption, size, lang, theme)
            shown = {"x": 0, "y": 0, "width": width, "height": min(max(whole, height), LONGEST)}
            await self._page.screenshot(path=photo.path, full_page=True, clip=shown)  # type: ignore[arg-type]
            taken.append(photo)
        return taken

    async def _answer(self, route: Route) -> None:
        page = self._html if route.request.is_navigation_request() else None
        if page is not None:
            self._html = None
        await route.fulfill(**gallery.answer(route.request.url, page))


async def take_all(browser: Browser, wanted: Sequence[tuple[str, Sample, str]]) -> list[Photo]:
    """Photograph everything that is wanted, several pages at a time."""
    left = list(reversed(wanted))
    taken: list[Photo] = []

    async def work() -> None:
        context = await browser.new_context(reduced_motion="reduce")
        photographer = Photographer(await context.new_page())
        await photographer.get_ready()
        while left:
            taken.extend(await photographer.take(*left.pop()))
        await context.close()

    await asyncio.gather(*(work() for _ in range(PAGES_AT_ONCE)))
    return sorted(taken, key=lambda photo: photo.caption)


def name_samples(samples: Sequence[Sample]) -> list[tuple[str, Sample]]:
    """Return each sample with a name that is its own: the template's, and a number."""
    named = []
    counts: dict[str, int] = {}
    for sample in samples:
        template = sample.template.removesuffix(".html").replace("/", "-")
        counts[template] = counts.get(template, 0) + 1
        named.append((f"{template}-{counts[template]:02}", sample))
    return named


def draw_sheet(photos: Sequence[Photo], path: Path) -> None:
    """Draw a contact sheet of photographs of one size: of each as much as a screen shows."""
    columns, width = COLUMNS[photos[0].size]
    screen_width, screen_height = SIZES[photos[0].size]
    height = round(screen_height * width / screen_width)
    rows = -(-len(photos) // columns)
    step = (width + GAP, height + CAPTION_HEIGHT + GAP)
    sheet = Image.new("RGB", (columns * step[0] + GAP, rows * step[1] + GAP), "#cccccc")
    words = ImageDraw.Draw(sheet)
    for number, photo in enumerate(photos):
        x, y = GAP + number % columns * step[0], GAP + number // columns * step[1]
        with Image.open(photo.path) as picture:
            screen = picture.convert("RGB").crop((0, 0, screen_width, screen_height))
        sheet.paste(screen.resize((width, height), Image.Resampling.LANCZOS), (x, y))
        words.text((x, y + height + 3), photo.caption, fill="#111111")
    sheet.save(path)


def write_index(photos: Sequence[Photo]) -> None:
    """Write the page from which the photographs can be chosen."""
    chosen = (tuple(SIZES), tuple(sample_pages.LANGUAGES), THEMES)
    selects = "".join(
        "<select name='{}'><option value=''>all</option>{}</select> ".format(
            number,
            "".join(
                f"<option{' selected' * (i == 0)}>{word}</option>" for i, word in enumerate(words)
            ),
        )
        for number, words in enumerate(chosen)
    )
    figures = "".join(
        f'<figure class="{photo.size} {photo.lang} {photo.theme}">'
        f'<a href="pages/{photo.path.name}">'
        f'<img loading="lazy" src="pages/{photo.path.name}" alt=""></a>'
        f"<figcaption>{html.escape(photo.caption)}</figcaption></figure>"
        for photo in photos
    )
    (FOLDER / "index.html").write_text(
        f"<!doctype html><meta charset='utf-8'><title>Photographs</title><style>{STYLE}</style>"
        f"<form>{selects}</form><main>{figures}</main><script>{SCRIPT}</script>",
        encoding="utf-8",
    )


async def main(words: Sequence[str]) -> None:
    """Photograph the samples whose template's name begins with one of the words, or all."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "pages").mkdir(parents=True)
    named = name_samples(list(sample_pages.samples()))
    wanted = [
        (name, sample, lang)
        for name, sample in named
        if not words or name.startswith(tuple(words))
        for lang in sample_pages.LANGUAGES
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox"]
        )
        photos = await take_all(browser, wanted)
        await browser.close()
    for size, lang, theme in itertools.product(SIZES, sample_pages.LANGUAGES, THEMES):
        alike = [one for one in photos if (one.size, one.lang, one.theme) == (size, lang, theme)]
        if alike:
            draw_sheet(alike, FOLDER / f"sheet-{size}-{lang}-{theme}.png")
    write_index(photos)
    print(f"{len(photos)} photographs: {FOLDER / 'index.html'}")


if __name__ == "__main__":
    started = time.monotonic()
    asyncio.run(main(sys.argv[1:]))
    print(f"{time.monotonic() - started:.0f} seconds")
