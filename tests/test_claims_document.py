"""`docs/claims.md` lists exactly the claims that the code tells, and the scopes that tell them."""

import re

from tests.servers import ROOT
from wechatlogin.models import Way
from wechatlogin.oidc.metadata import OF_EVERY_TOKEN
from wechatlogin.services import application_settings
from wechatlogin.services.claims import CLAIMS_OF, USERNAME_DIGITS

DOCUMENT = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")


def rows(section: str, columns: int) -> list[list[str]]:
    """Return the cells of a section's tables that have so many columns, without the heads."""
    lines = re.findall(r"^\| (`.+) \|$", section, re.MULTILINE)
    cells = [line.split(" | ") for line in lines]
    return [row for row in cells if len(row) == columns]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_scope_tells_the_claims_that_are_listed_for_it() -> None:
    listed = [(names(scope)[0], names(claim)[0]) for scope, claim, _ in rows(DOCUMENT, 3)]

    assert listed == [(scope, claim) for scope, claims in CLAIMS_OF.items() for claim in claims]


def test_every_scope_has_its_word() -> None:
    assert [scope for scope in CLAIMS_OF if f"`{scope}`" not in DOCUMENT] == []
    sentence = re.search(r"An application has ([^.]+) unless", DOCUMENT, re.DOTALL)
    assert sentence
    assert tuple(names(sentence[1])) == application_settings.SCOPES


def test_the_claims_of_every_id_token_are_listed() -> None:
    before_sub = DOCUMENT.split("## Who `sub` is")[0]
    listed = [name for claim, _ in rows(before_sub, 2) for name in names(claim)]

    assert set(listed) == set(OF_EVERY_TOKEN)


def test_the_ways_and_the_numbers_are_those_of_the_code() -> None:
    [amr] = [text for claim, text in rows(DOCUMENT, 2) if claim == "`amr`"]

    assert set(names(amr)) == {way.value for way in Way}
    assert f"the first {USERNAME_DIGITS} characters of `sub`" in DOCUMENT
    assert f"`{application_settings.EMAIL_TEMPLATE}`: no mail can ever reach it" in DOCUMENT
