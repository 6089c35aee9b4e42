"""The worked example of `docs/coming-from-wechat-server.md` works, and its words are the code's."""

import re
from typing import Any

import pytest

from tests.compat.code_programs import a_code, a_follower, register
from tests.conftest import Installation, Installer
from tests.servers import ROOT
from wechatlogin.compat import wechat_server

GUIDE = (ROOT / "docs" / "coming-from-wechat-server.md").read_text(encoding="utf-8")


def written_settings() -> dict[str, object]:
    """Return the settings that the guide's first block says."""
    [block] = re.findall(r"```sh\n +(CODE_.+?)```", GUIDE, re.DOTALL)
    return {name.lower(): value for name, value in re.findall(r"(\w+)=(\w+)", block)}


@pytest.fixture(scope="module")
def service(install: Installer) -> Installation:
    """An installation that is set up by the guide's own commands."""
    installation = install(**written_settings())
    [text] = re.findall(r"flask reply set \S+ code '(.+)'", GUIDE)
    words = ["reply", "set", installation.account.appid, "code", text]
    saved = installation.app.test_cli_runner().invoke(args=words)
    assert saved.exit_code == 0, saved.output
    return installation


def test_the_worked_example_tells_who_it_is(service: Installation) -> None:
    [code] = re.findall(r"```python\n(.+?)```", GUIDE, re.DOTALL)
    for name, value in (("SERVER", service.url), ("TOKEN", register(service).api_key)):
        code, count = re.subn(rf'^{name} = ".+"$', f'{name} = "{value}"', code, flags=re.MULTILINE)
        assert count == 1, name
    example: dict[str, Any] = {}
    exec(code, example)  # noqa: S102 - running it is what the test is for
    person = a_follower(service)
    sent = service.simulator.send(person, service.account.appid, "验证码")

    openid = example["openid_of"](sent["replies"][0]["text"])

    assert openid == service.simulator.openid(person, service.account.appid)
    assert example["openid_of"](sent["replies"][0]["text"]) == ""
    assert service.site.settings.code_seconds == 180
    assert a_code(service, person) != a_code(service, person)


def test_the_guide_has_the_words_of_every_refusal() -> None:
    told = set(re.findall(r"^\| ([^|`a-z-][^|]*?) \|", GUIDE, re.MULTILINE))

    assert told == {
        wechat_server.NO_KEY,
        wechat_server.NOT_PERMITTED,
        wechat_server.BAD_PARAMETERS,
    }
