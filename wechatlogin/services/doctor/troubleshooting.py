"""docs/troubleshooting.md: every number of WeChat's that we know, from the table that we act by."""

from wechatlogin.services.site import Site
from wechatlogin.wechat import errcodes
from wechatlogin.wechat.errcodes import EFFECTS, Errcode, Kind
from wechatlogin.wechat.page_texts import PAGE_TEXTS, PageText

_HEAD = """\
# Troubleshooting

`flask doctor`, or the second entry of the operators' pages (`/operator/doctor`), walks through the
set-up and says which step is wrong, why, and what to click.

Below is what WeChat itself may say: first its pages, which only people see, then the numbers of its
calls, which stand on the status page and in the log, with the `rid` by which WeChat's support finds
the call. This file is printed by `flask doctor --markdown` from the tables that the service acts by
(`wechatlogin/wechat/errcodes.py` and `page_texts.py`).
"""
_PAGES_HEAD = """
## What WeChat's pages say

| number | words | what it means | what to do |
| --- | --- | --- | --- |
"""
_KINDS = {
    Kind.OPERATOR: "What only the account's owner can mend",
    Kind.TOKEN: "The account's token is refused",
    Kind.QUOTA: "A quota is used up",
    Kind.BUSY: "WeChat is busy",
    Kind.RESTART: "The person has to log in again",
    Kind.RECIPIENT: "This person cannot be reached",
    Kind.RESTRICTED: "The person's own WeChat account is limited",
    Kind.REQUEST: "The request is wrong",
}


def as_markdown(site: Site) -> str:
    """Return the document, in the language of the site."""
    parts = [_HEAD, _PAGES_HEAD]
    parts.extend(_page(site, text) for text in PAGE_TEXTS)
    for kind, title in _KINDS.items():
        parts.append(f"\n## {title}\n\n{site.translate(EFFECTS[kind])}\n\n")
        parts.append("| number | what it means | what to do |\n| --- | --- | --- |\n")
        parts.extend(_entry(site, entry) for entry in _of_kind(kind))
    return "".join(parts)


def _of_kind(kind: Kind) -> list[Errcode]:
    entries = [entry for entry in errcodes.ERRCODES.values() if entry.kind is kind]
    return sorted(entries, key=lambda entry: entry.number)


def _entry(site: Site, entry: Errcode) -> str:
    return _row(str(entry.number), site.translate(entry.meaning), site.translate(entry.advice))


def _page(site: Site, text: PageText) -> str:
    said = f"{text.words} ({site.translate(text.words)})"
    meaning, advice = site.translate(text.meaning), site.translate(text.advice)
    return _row(str(text.number or "-"), said, meaning, advice)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"
