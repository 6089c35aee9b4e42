"""The languages we speak, and a mark for sentences where no request is at hand."""

from functools import cache

from babel import Locale

#: The first is the language that everything is written in.
LANGUAGES = ("zh_CN", "en")


def msgid(sentence: str) -> str:
    """Return the Chinese sentence itself; the rendering that shows it translates it."""
    return sentence


@cache
def locale_of(language: str) -> Locale:
    """Return Babel's locale of one of our languages.

    To find it Babel looks through the names of all that it knows, which takes longer than a view.
    """
    return Locale.parse(language)
