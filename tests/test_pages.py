"""Every page, in every shape and both languages, read as a browser and a screen reader would."""

import re
from pathlib import Path

import pytest

from tests import page_lint, sample_pages, source_tree
from tests.sample_pages import Sample
from tools import chinese_texts

# Their forms prove in another way that they come from us: by the token that they carry, or by an
# address that is itself the secret.
WITHOUT_CSRF = {"ask_here.html", "confirm.html"}
SAMPLES = list(sample_pages.samples())
IDS = [f"{number}-{sample.template}" for number, sample in enumerate(SAMPLES)]
PARTS = {"base.html", "page.html", "desk.html", "login_waiting.html"}
# Named for the reader; they look as the class without a variant does.
DEFAULT_LOOKS = {"avatar--large", "icon--large", "icon--success", "mark--small"}
STATIC = source_tree.ROOT / "static"


@pytest.mark.parametrize("lang", sample_pages.LANGUAGES)
@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_a_page_is_sound(sample: Sample, lang: str) -> None:
    html = sample_pages.render(sample, lang)

    complaints = page_lint.lint(
        html,
        nonce=sample_pages.NONCE,
        lang=lang,
        forms_without_csrf=sample.template in WITHOUT_CSRF,
    )

    assert not complaints


def test_every_page_has_a_sample() -> None:
    folder = source_tree.ROOT / "templates"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}
    pages = {name for name in found if not name.startswith("components/")} - PARTS

    assert pages == {sample.template for sample in SAMPLES}


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_a_malicious_name_stays_a_name(sample: Sample) -> None:
    name = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"
    user = {**sample_pages.USER, "nickname": name}

    html = sample_pages.render(sample, "zh-CN", nickname=name, user=user, follow_name=name)

    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "{{7*7}}" in html or "nickname" not in sample.context


@pytest.mark.parametrize("template", ["code.html", "operator/login.html"])
def test_the_title_of_a_refused_form_says_so_first(template: str) -> None:
    refused = next(one for one in SAMPLES if one.template == template and one.context["error"])

    html = sample_pages.render(refused, "zh-CN")

    assert re.search(r"<title>错误：\S", html)


def test_a_code_can_be_copied_whole_and_is_read_digit_by_digit() -> None:
    shown = next(one for one in SAMPLES if one.context.get("code"))

    html = sample_pages.render(shown, "en")

    assert '<span aria-hidden="true">482913</span>' in html
    assert "4 8 2 9 1 3" in html


def test_all_words_of_the_waiting_page_are_in_its_html() -> None:
    script = (STATIC / "js" / "login.js").read_text(encoding="utf-8")
    html = sample_pages.render(SAMPLES[0], "zh-CN")

    shown = {state for states in re.findall(r'data-on="([^"]+)"', html) for state in states.split()}

    assert shown == {
        "pending", "scanned", "numbered", "confirming",
        "expired", "declined", "failed", "claimed", "offline", "window", "closed",
    }  # fmt: skip
    assert not chinese_texts.CHINESE.search(script)


@pytest.mark.parametrize(
    ("file", "most"),
    [
        ("css/app.css", 16_384),
        ("css/operator.css", 16_384),
        ("js/login.js", 6_144),
        ("js/popup.js", 2_048),
        ("js/follow.js", 1_024),
        ("js/copy.js", 1_024),
        ("js/avatar.js", 512),
        ("js/tell.js", 512),
        ("js/live.js", 1_536),
        ("js/wechatlogin.js", 10_239),
    ],
)
def test_what_every_visitor_loads_is_small(file: str, most: int) -> None:
    assert (STATIC / file).stat().st_size <= most


def test_every_class_of_the_pages_is_styled_and_every_style_is_used() -> None:
    sheets = [_without_comments(sheet) for sheet in sorted((STATIC / "css").glob("*.css"))]
    styled = {name for sheet in sheets for name in re.findall(r"\.([a-z][a-z_-]+)", sheet)}
    pages = [sample_pages.render(sample, "en") for sample in SAMPLES]
    used = {
        name for html in pages for names in re.findall(r'class="([^"]*)"', html)
        for name in names.split()
    }  # fmt: skip

    assert styled - used == set()
    assert used - styled <= DEFAULT_LOOKS


def _without_comments(path: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
