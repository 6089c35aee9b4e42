"""The worked example of `docs/coming-from-enduser-api.md` works, and its tables are the code's."""

import re
from typing import Any

import pytest

from tests.compat.end_users import Program
from tests.conftest import Installation
from tests.servers import ROOT
from wechatlogin.compat import quectel_envelope

GUIDE = (ROOT / "docs" / "coming-from-enduser-api.md").read_text(encoding="utf-8")


@pytest.fixture
def example(installation: Installation) -> dict[str, Any]:
    """The guide's program, with the host, domain and secret that it is told to replace."""
    program = Program(installation)
    [code] = re.findall(r"```python\n(.+?)```", GUIDE, re.DOTALL)
    replaced = {
        "API": f"{installation.url}/v2/enduser/enduserapi",
        "APP_ID": program.appid,
        "USER_DOMAIN": program.domain,
        "USER_DOMAIN_SECRET": program.secret,
    }
    for name, value in replaced.items():
        code, count = re.subn(rf'^{name} = ".+"$', f'{name} = "{value}"', code, flags=re.MULTILINE)
        assert count == 1, name
    names: dict[str, Any] = {"PROGRAM": program}
    exec(code, names)  # noqa: S102 - running it is what the test is for
    return names


def test_the_worked_example_logs_in_refreshes_and_logs_out(example: dict[str, Any]) -> None:
    program: Program = example["PROGRAM"]

    pair = example["log_in"](program.code("lin"))
    user = example["user_info"](pair)
    fresh = example["refresh"](pair)
    assert example["user_info"](fresh)["uid"] == user["uid"]
    assert example["log_out"](fresh) is None

    with pytest.raises(RuntimeError, match="5032 token验证失败"):
        example["user_info"](fresh)


def test_the_guide_names_every_number() -> None:
    rows = re.findall(r"^\| ([0-9, ]+) \|", GUIDE, re.MULTILINE)

    told = {int(number) for row in rows for number in row.split(", ")}

    assert told == {200, *quectel_envelope.WORDS}
