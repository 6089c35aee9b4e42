"""The document of `/wechat/*`: its example works, and it tells what is answered."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.compat.open_authorization import (
    Program,
    read_ticket,
)
from tests.conftest import Installation
from tests.flows.desktops import confirm_link
from tests.flows.phones import Phone
from tests.servers import ROOT


def test_the_worked_example_of_the_document_works(
    installation: Installation, program: Program, person: str
) -> None:
    document = (ROOT / "docs" / "coming-from-open-authorization.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    for written, ours in (
        ("https://login.example.com", installation.url),
        ("shown-when-the-application-was-created", program.made.api_key),
        ("https://shop.example.com/home", program.after),
        ("https://shop.example.com/wechat-callback", program.callback),
    ):
        assert written in example
        example = example.replace(written, ours)
    done: dict[str, Any] = {}
    exec(compile(example, "example", "exec"), done)  # noqa: S102 - the document's own words

    def scan_and_confirm(ticket: str) -> None:
        phone = Phone(person)
        scanned = installation.simulator.scan(person, read_ticket(installation, ticket))
        phone.submit(phone.open(confirm_link(scanned)), decision="confirm")

    back = Phone(person).until(done["authorize_page"](), "/callback?")
    query = parse_qs(urlsplit(back).query)
    token, target = done["finish"](query["code"][0], query["state"][0])
    before = done["follows"](token)
    installation.simulator.follow(person, installation.account.appid)

    assert target == program.after
    assert not before
    assert done["follows"](token)
    assert done["follows"](done["scan"](scan_and_confirm))


def test_the_document_tells_every_field_and_value_that_these_tests_meet() -> None:
    document = (ROOT / "docs" / "coming-from-open-authorization.md").read_text(encoding="utf-8")
    tests = Path(__file__).parent.glob("test_open_authorization*.py")
    source = "".join(test.read_text(encoding="utf-8") for test in tests)
    told = set(re.findall(r"`([A-Za-z_]+)`", document))

    answered = set(re.findall(r'\(\d{3}, "(\w+)", "(\w+)"\)', source))

    assert len(answered) > 10
    assert {word for pair in answered for word in pair} <= told
