"""`docs/openid-connect.md`: its example works as it stands, and its tables are the code's."""

import json
import re
import subprocess
from collections import Counter

from tests.conftest import Installation
from tests.flows.phones import Phone
from tests.oidc.programs import Program
from tests.servers import ROOT
from wechatlogin.oidc import metadata
from wechatlogin.oidc.authorization_request import Prompt, ResponseMode
from wechatlogin.services import authorization_codes, authorization_requests, refresh_tokens
from wechatlogin.web.openapi_chapters import read_chapters

GUIDE = (ROOT / "docs" / "openid-connect.md").read_text(encoding="utf-8")


def test_the_example_logs_in_refreshes_and_gives_back(
    installation: Installation, phone: Phone
) -> None:
    program = Program(installation)
    [script] = re.findall(r"```sh\n(.+?)```", GUIDE, re.DOTALL)
    for name, value in {
        "HOST": installation.url,
        "CLIENT_ID": program.client_id,
        "CLIENT_SECRET": program.made.client_secret,
        "REDIRECT_URI": program.redirect_uri,
    }.items():
        script, count = re.subn(rf"^{name}=.+$", f"{name}={value}", script, flags=re.MULTILINE)
        assert count == 1, name

    with subprocess.Popen(
        ["sh", "-euc", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as shell:
        assert shell.stdout is not None
        address = shell.stdout.readline().strip()
        came = program.come_back(phone, address)
        rest, _ = shell.communicate(f"{came['code']}\n", timeout=30)

    assert came["iss"] == program.issuer
    assert shell.returncode == 0
    assert json.dumps("林小满") in rest
    assert rest.index('"active":true') < rest.index('"active":false')


def test_the_endpoints_are_those_of_the_metadata(installation: Installation) -> None:
    program = Program(installation)
    told = program.metadata()
    named = {
        value.removeprefix(installation.url)
        for name, value in told.items()
        if name.endswith(("_endpoint", "_uri"))
    }

    listed = set(re.findall(r"^\| `(/oidc/[^`]+)` \| [A-Z, ]+ \|", GUIDE, re.MULTILINE))

    assert listed == named
    assert len(listed) == len(metadata.ENDPOINTS)


def test_every_parameter_that_is_described_elsewhere_is_in_the_table() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", GUIDE, re.MULTILINE))
    operations = {name: one for each in read_chapters() for name, one in each.operations.items()}
    described = {one.name for one in operations["authorize.start"].parameters["query"]}

    assert described <= rows.keys()
    assert set(re.findall(r"`(\w+)`", rows["prompt"])) == set(Prompt)
    assert set(re.findall(r"`(\w+)`", rows["response_mode"])) == set(ResponseMode)
    refused = {name for name, how in rows.items() if how == "refused"}
    assert refused == {"request", "registration"}


def test_the_lifetimes_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| (an? [^|]+) \| ([^|]+) \|", GUIDE, re.MULTILINE))

    assert authorization_requests.LIFETIME.total_seconds() == 30 * 60
    assert rows["a request that waits for its person"] == "30 minutes"
    pushed = int(authorization_requests.PUSHED_LIFETIME.total_seconds())
    assert rows["a pushed request"] == f"{pushed} seconds"
    code = int(authorization_codes.LIFETIME.total_seconds())
    assert rows["an authorization code"].startswith(f"{code} seconds")
    assert f"for {int(refresh_tokens.GRACE.total_seconds())} seconds" in GUIDE


def test_every_module_is_a_test_and_every_such_test_is_in_the_list() -> None:
    listed = Counter(re.findall(r"^\* `(oidcc-[a-z0-9-]+)`$", GUIDE, re.MULTILINE))
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "tests" / "oidc").glob("*.py")]
    tests = Counter(re.findall(r"^def (test_oidcc_\w+)\(", "\n".join(texts), re.MULTILINE))

    assert {f"test_{name.replace('-', '_')}": count for name, count in listed.items()} == tests
    assert set(tests.values()) == {1}


def test_the_modules_of_basic_op_are_38() -> None:
    files = (ROOT / "tests" / "oidc").glob("test_basic_op_*.py")
    texts = [file.read_text(encoding="utf-8") for file in files]

    named = re.findall(r"^def (test_oidcc_\w+)\(", "\n".join(texts), re.MULTILINE)

    assert len(named) == len(set(named)) == 38
