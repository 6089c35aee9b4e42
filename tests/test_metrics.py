"""The numbers: who may see them, that they count, and that the documents name each of them."""

import json
import re
from collections.abc import Callable

import pytest
import requests
from flask import Flask
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from tests.conftest import Installation, Installer
from tests.flows.phones import Phone
from tests.servers import ROOT, settings_for_tests
from wechatlogin import create_app, metrics

TOKEN = "canary-metrics-token-0123456789"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HTTPS = "https://login.example.com"

Labels = dict[str, str]


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return each sample by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(installation: Installation) -> Callable[..., float]:
    """Return what looks numbers up as they are now."""
    answer = requests.get(f"{installation.url}/metrics", timeout=20)
    assert answer.status_code == 200
    found = read(answer.text)

    def look_up(name: str, **labels: str) -> float:
        return found.get((f"wechatlogin_{name}", frozenset(labels.items())), 0.0)

    return look_up


@pytest.fixture
def make_app() -> Callable[..., Flask]:
    """Make the application with settings of its own; its database is never asked."""

    def make(**given: object) -> Flask:
        given = {"trusted_hosts": ("localhost",), "database_url": "sqlite://", **given}
        return create_app(settings_for_tests(**given))

    return make


def status_of(app: Flask, headers: Labels | None = None, **environ: str) -> int:
    answer = app.test_client().get("/metrics", headers=headers, environ_overrides=environ)
    return answer.status_code


def test_this_machine_sees_them_and_others_do_not(make_app: Callable[..., Flask]) -> None:
    app = make_app()

    assert status_of(app, REMOTE_ADDR="127.0.0.1") == 200
    assert status_of(app, REMOTE_ADDR="::1") == 200
    assert status_of(app, REMOTE_ADDR="203.0.113.7") == 403
    assert status_of(app, REMOTE_ADDR="") == 403


@pytest.mark.parametrize("header", ["Forwarded", "Via", "X-Forwarded-For", "X-Real-IP"])
def test_a_proxy_that_nobody_named_opens_nothing(
    make_app: Callable[..., Flask], header: str
) -> None:
    assert status_of(make_app(), {header: "127.0.0.1"}, REMOTE_ADDR="127.0.0.1") == 403


@pytest.mark.parametrize("given", [{"trusted_proxies": 1}, {"public_url": HTTPS}])
def test_behind_a_proxy_this_machine_is_not_enough(
    make_app: Callable[..., Flask], given: dict[str, object]
) -> None:
    app = make_app(**given)

    assert status_of(app, REMOTE_ADDR="127.0.0.1") == 403
    assert status_of(app, {"X-Forwarded-For": "127.0.0.1"}, REMOTE_ADDR="127.0.0.1") == 403


def test_the_token_opens_them_from_anywhere(make_app: Callable[..., Flask]) -> None:
    app = make_app(trusted_proxies=1, metrics_token=SecretStr(TOKEN))

    assert status_of(app, BEARER, REMOTE_ADDR="203.0.113.7") == 200
    for wrong in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
        assert status_of(app, {"Authorization": wrong}, REMOTE_ADDR="127.0.0.1") == 403


def test_a_login_is_counted_from_start_to_end(installation: Installation) -> None:
    before = scrape(installation)
    person = installation.simulator.add_person()

    Phone(person).open(f"{installation.url}/login")

    after = scrape(installation)
    for outcome in ("started", "confirmed", "claimed"):
        labels = {"way": "in_wechat", "outcome": outcome}
        assert after("attempts_total", **labels) - before("attempts_total", **labels) == 1
    call = {"path": "/sns/oauth2/access_token", "outcome": "ok"}
    assert after("wechat_calls_total", **call) - before("wechat_calls_total", **call) == 1
    request = {"endpoint": "login.start", "method": "GET", "status": "3xx"}
    assert after("http_requests_total", **request) - before("http_requests_total", **request) == 1
    seconds = {"endpoint": "login.start"}
    assert after("http_request_seconds_count", **seconds) >= 1


def test_several_processes_are_added_up(install: Installer) -> None:
    """Each connection may meet another process; all the same nothing is missing."""
    installation = install(workers=2)
    asked = {"endpoint": "health.healthz", "method": "GET", "status": "2xx"}

    for _ in range(30):
        requests.get(f"{installation.url}/healthz", timeout=20, headers={"Connection": "close"})

    assert scrape(installation)("http_requests_total", **asked) == 30


def test_an_error_of_wechats_is_counted_by_its_number(installation: Installation) -> None:
    person = installation.simulator.add_person()
    call = {"path": "/sns/oauth2/access_token", "outcome": "40163"}
    before = scrape(installation)
    installation.simulator.fault("/sns/oauth2/access_token", "errcode", errcode=40163, times=1)

    Phone(person).open(f"{installation.url}/login")

    assert scrape(installation)("wechat_calls_total", **call) > before("wechat_calls_total", **call)


def test_no_label_says_who(installation: Installation) -> None:
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    Phone(person).open(f"{installation.url}/login")
    openid = installation.simulator.openid(person, installation.account.appid)

    text = requests.get(f"{installation.url}/metrics", timeout=20).text

    names = {label for _, labels in read(text) for label, _ in labels}
    assert names <= {
        "endpoint", "method", "status", "way", "outcome", "reason", "path", "kind", "channel",
        "state", "forced", "grant", "python", "schema", "le",
    }  # fmt: skip
    assert openid not in text
    assert "127.0.0.1" not in text


def test_paths_that_nobody_serves_make_no_new_series(make_app: Callable[..., Flask]) -> None:
    client = make_app().test_client()
    for path in ("/no", "/nowhere", "/nothing"):
        client.get(path)
    client.open("/healthz", method="MADEUP")

    keys = read(metrics.render().decode())

    labels = [dict(key[1]) for key in keys if key[0] == "wechatlogin_http_requests_total"]
    assert {"endpoint": "none", "method": "GET", "status": "4xx"} in labels
    assert {"endpoint": "none", "method": "other", "status": "4xx"} in labels
    assert not [each for each in labels if "MADEUP" in each.values()]


def documented() -> set[tuple[str, str, str, str]]:
    written = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    row = r"^\| `(wechatlogin_[a-z_]+)` \| ([a-z]+) \| ([a-z, ]*)\| (.+) \|$"
    return {
        (name, kind, labels.strip(), meaning)
        for name, kind, labels, meaning in re.findall(row, written, re.MULTILINE)
    }


def test_the_document_lists_exactly_what_is_counted() -> None:
    counted = {
        (
            family.name + ("_total" if family.type == "counter" else ""),
            family.type,
            ", ".join(collector._labelnames),
            family.documentation,
        )
        for collector in vars(metrics).values()
        if isinstance(collector, MetricWrapperBase)
        for family in collector.describe()
    }

    assert documented() == counted


def test_the_dashboard_asks_for_what_there_is() -> None:
    written = (ROOT / "docs" / "grafana-dashboard.json").read_text(encoding="utf-8")
    panels = json.loads(written)["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"wechatlogin_[a-z_]+", target["expr"])
    }

    there = {name for name, *_ in documented()}
    assert {re.sub(r"_bucket$", "", name) for name in asked} == there - {"wechatlogin_build_info"}
    places = [tuple(panel["gridPos"].values()) for panel in panels]
    assert len({panel["id"] for panel in panels}) == len(set(places)) == len(panels)
