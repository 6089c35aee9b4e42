"""docs/webhooks.md is true: its bodies are what is sent, its programs verify what we sign."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests import node
from tests.databases import fresh_database
from tests.servers import ROOT, settings_for_tests
from tests.services.hooked import WECHAT, hooked, told
from tests.services.one_person import LATER, LI, NOW
from tests.stories import a_user, an_account
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.models import WebhookEvent
from wechatlogin.services import (
    accounts,
    application_users,
    merging,
    webhook_events,
    webhook_secrets,
    webhooks,
)
from wechatlogin.services.accounts import Sighting

PAGE = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
BODY = '{"type":"user.login","timestamp":"2026-11-21T03:00:00.000Z","data":{"sub":"林"}}'
KEY = webhook_secrets.new()
OTHER_KEY = webhook_secrets.new()
#: What a receiver has to refuse: names of cases, and what is done to a good message.
FORGED: MappingProxyType[str, Callable[[dict[str, str], str], tuple[dict[str, str], str]]] = (
    MappingProxyType(
        {
            "another body": lambda headers, body: (headers, body.replace("林", "李")),
            "another id": lambda headers, body: ({**headers, "webhook-id": "msg_2"}, body),
            "no signature": lambda headers, body: ({**headers, "webhook-signature": ""}, body),
            "of another version": lambda headers, body: (
                {
                    **headers,
                    "webhook-signature": headers["webhook-signature"].replace("v1,", "v2,"),
                },
                body,
            ),
        }
    )
)


def signed(*keys: Any, at: float | None = None) -> dict[str, str]:
    moment = datetime.fromtimestamp(time.time() if at is None else at, tz=UTC)
    return webhook_secrets.sign(keys or (KEY,), "msg_1", BODY, now=moment)


def forgeries() -> Iterator[tuple[dict[str, str], str]]:
    for forge in FORGED.values():
        yield forge(signed(), BODY)
    yield signed(OTHER_KEY), BODY
    for moved in (-400, 400):
        # A recorded message, as it was; and one of a clock that is wrong.
        yield signed(at=time.time() + moved), BODY
    replayed = signed(at=time.time() - 400)
    yield {**replayed, "webhook-timestamp": str(int(time.time()))}, BODY


def good() -> Iterator[tuple[dict[str, str], str]]:
    yield signed(), BODY
    yield signed(OTHER_KEY, KEY), BODY


def program(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return found


def test_the_python_program_takes_good_messages_and_no_others() -> None:
    names: dict[str, Any] = {}
    exec(compile(program("python"), "example", "exec"), names)  # noqa: S102 - the document's words
    read, secret = names["read_webhook"], KEY.get_secret_value()

    for headers, body in good():
        assert read(body.encode(), headers, secret)["data"] == {"sub": "林"}
    for headers, body in forgeries():
        with pytest.raises(ValueError, match=r"too old or too new|not signed by us"):
            read(body.encode(), headers, secret)


def test_the_javascript_program_takes_good_messages_and_no_others(tmp_path: Path) -> None:
    node.install_packages()
    (tmp_path / "webhook.mjs").write_text(program("javascript"), encoding="utf-8")
    (tmp_path / "run.mjs").write_text(
        'import { readWebhook } from "./webhook.mjs";\n'
        'import { readFileSync } from "node:fs";\n'
        "const { cases, secret } = JSON.parse(readFileSync(0));\n"
        "for (const [headers, body] of cases) {\n"
        "  try { console.log(readWebhook(Buffer.from(body), headers, secret).data.sub); }\n"
        '  catch (error) { console.log("refused: " + error.message); }\n'
        "}\n"
    )
    cases = [*good(), *forgeries()]
    asked = json.dumps({"cases": cases, "secret": KEY.get_secret_value()})

    done = subprocess.run(
        ["node", "run.mjs"], cwd=tmp_path, input=asked, capture_output=True, text=True, timeout=60
    )

    said = done.stdout.splitlines()
    assert done.stderr == ""
    assert said[:2] == ["林", "林"]
    assert len(said) == len(cases)
    assert all(line.startswith("refused") for line in said[2:])


def test_the_public_library_takes_good_messages_and_no_others() -> None:
    receiver = Webhook(KEY.get_secret_value())

    for headers, body in good():
        assert receiver.verify(body, headers)["data"] == {"sub": "林"}
    for headers, body in forgeries():
        with pytest.raises((WebhookVerificationError, ValueError)):
            receiver.verify(body, headers)


def test_the_bodies_are_those_that_are_sent(tmp_path: Path) -> None:
    examples = [json.loads(text) for text in re.findall(r"```json\n(.+?)\n```", PAGE)]

    with fresh_database("sqlite", tmp_path) as url:
        app = create_app(settings_for_tests(database_url=url))
        with app.app_context():
            db.create_all()
            sent = everything_that_can_be_told(app.extensions["wechatlogin"])
            db.session.remove()
            db.engine.dispose()

    assert {example["type"] for example in examples} == {event.value for event in WebhookEvent}
    for example in examples:
        assert example.keys() == {"type", "timestamp", "data"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", example["timestamp"])
        shape = {name: type(value) for name, value in example["data"].items()}
        assert shape in sent[example["type"]]


def everything_that_can_be_told(site: Any) -> dict[str, list[dict[str, type]]]:
    """Let everything happen once, and return what was told as names and types."""
    row = an_account(site, now=NOW)
    open_one, _ = hooked(site, scopes=WECHAT)
    plain, _ = hooked(site)
    lin = accounts.find_or_create_identity(row, Sighting("o-lin", unionid="u-lin"), now=NOW)
    for application in (open_one, plain):
        application_users.find_or_create(application.id, lin.user_id, now=NOW)
    accounts.note_follow_answer(lin.appid, "o-lin", follows=True, now=NOW)
    other_id = a_user(NOW)
    application_users.find_or_create(plain.id, other_id, now=NOW)
    merging.merge_by_hand(lin.user_id, other_id, by=LI, now=LATER)
    webhook_events.note_deletion(lin.user_id, now=LATER)
    webhooks.send_test(plain, now=LATER)
    sent: dict[str, list[dict[str, type]]] = {}
    for event, data in told():
        sent.setdefault(event, []).append({name: type(value) for name, value in data.items()})
    return sent
