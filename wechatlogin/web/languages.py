"""Which language a page speaks: chosen by link, else the browser's wish, else the default."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from babel import Locale
from babel.support import NullTranslations
from flask import Flask, Response, request, url_for
from flask_babel import get_locale, get_translations

from wechatlogin.i18n import LANGUAGES, locale_of
from wechatlogin.web import cookies
from wechatlogin.web.context import current_site

#: What a browser may call our languages, and which of ours it means.
WISHES = {"zh": "zh_CN", "zh-CN": "zh_CN", "zh-Hans": "zh_CN", "en": "en"}
PARAMETER = "lang"


def init_app(app: Flask) -> None:
    """Let an app's pages name their language and offer the other one."""
    app.after_request(_keep_choice)
    app.context_processor(_for_templates)
    # Instead of Flask-Babel's own, which look for the language's catalog anew for each sentence.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: _catalog().ugettext(text),
        ngettext=lambda one, many, number: _catalog().ungettext(one, many, number),
        newstyle=True,
    )


def choose() -> str:
    """Return the language of this request."""
    chosen = request.args.get(PARAMETER) or cookies.read(cookies.LANGUAGE)
    if chosen in LANGUAGES:
        return chosen
    wish = request.accept_languages.best_match(list(WISHES))
    return WISHES[wish] if wish else current_site().settings.default_language


def choose_locale() -> Locale:
    """Return the language of this request as Babel wants it."""
    return locale_of(choose())


def get_first(wishes: Sequence[str]) -> str | None:
    """Return the first of these languages that we speak; None where the browser has its own say.

    A person who has chosen a language by themselves keeps it.
    """
    if cookies.read(cookies.LANGUAGE):
        return None
    return next((WISHES[wish] for wish in wishes if wish in WISHES), None)


def html_lang() -> str:
    """Return the language as HTML writes it."""
    return "zh-CN" if str(get_locale()).startswith("zh") else "en"


def switch_url() -> str:
    """Return the address of this page in the other language."""
    other = "en" if html_lang() == "zh-CN" else "zh_CN"
    if request.method != "GET" or request.endpoint is None:
        return url_for("login.start", lang=other)
    values: dict[str, Any] = {**request.args, **(request.view_args or {}), PARAMETER: other}
    # What url_for takes as its own options is no parameter of ours.
    values = {name: value for name, value in values.items() if not name.startswith("_")}
    return url_for(request.endpoint, **values)


def _catalog() -> NullTranslations:
    return _catalog_of(get_locale())


@cache
def _catalog_of(_locale: Locale | None) -> NullTranslations:
    # The language of the moment, which is asked for to be remembered by.
    return get_translations()


def _for_templates() -> dict[str, str]:
    return {"html_lang": html_lang(), "language_switch_url": switch_url()}


def _keep_choice(response: Response) -> Response:
    chosen = request.args.get(PARAMETER)
    if chosen in LANGUAGES:
        cookies.write(response, cookies.LANGUAGE, chosen, cookies.BROWSER_LIFETIME)
    return response
