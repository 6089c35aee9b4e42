"""The worked example of `docs/coming-from-anqicms.md` works, and its table is the code's."""

import re
from typing import Any

import pytest

from tests.compat.code_programs import a_code, a_known_follower
from tests.conftest import Installation
from tests.servers import ROOT
from wechatlogin.compat.anqicms_envelope import Number

GUIDE = (ROOT / "docs" / "coming-from-anqicms.md").read_text(encoding="utf-8")


@pytest.fixture
def example(installation: Installation) -> dict[str, Any]:
    """The guide's program, with the host that it is told to replace."""
    [code] = re.findall(r"```python\n(.+?)```", GUIDE, re.DOTALL)
    code, count = re.subn(
        r'^SITE = ".+"$', f'SITE = "{installation.url}"', code, flags=re.MULTILINE
    )
    assert count == 1
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - running it is what the test is for
    return names


def test_the_worked_example_logs_in_and_out(
    installation: Installation, example: dict[str, Any]
) -> None:
    person = a_known_follower(installation, "示例")

    user = example["log_in"](a_code(installation, person))
    same, token = example["user_detail"](user["token"])
    assert same["id"] == user["id"]
    assert same["user_name"] == "示例"
    assert token == user["token"]
    example["log_out"](token)

    with pytest.raises(RuntimeError, match="1001 该操作需要登录"):
        example["user_detail"](token)


def test_the_guide_names_every_number() -> None:
    told = {int(number) for number in re.findall(r"^\| (-?[0-9]+) \|", GUIDE, re.MULTILINE)}

    assert told == {number.value for number in Number}
