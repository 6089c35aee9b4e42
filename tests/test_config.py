"""Settings: typed, explained, and refused before anything starts."""

import os
import subprocess
import sys

import pytest

from tests.servers import ROOT
from wechatlogin import config
from wechatlogin.config import Settings

GOOD = {
    "SECRET_KEY": "kZ8s7fJ2mQ9xW4vB6nL1tR3yH5uC0pE8",
    "PUBLIC_URL": "https://login.example.com",
    "TRUSTED_HOSTS": "login.example.com",
}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(str(tmp_path))


def load(monkeypatch: pytest.MonkeyPatch, **given: str | None) -> Settings:
    for name, value in {**GOOD, **given}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    return config.load()


def test_three_settings_are_enough_for_production(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)

    assert settings.hosts == ["login.example.com"]
    assert settings.is_https


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SECRET_KEY", None, "write for example SECRET_KEY="),
        ("SECRET_KEY", "short", "write at least 32 random characters"),
        ("SECRET_KEY", "a" * 64, "write at least 32 random characters"),
        ("PUBLIC_URL", None, "write for example PUBLIC_URL=https://"),
        ("PUBLIC_URL", "http://login.example.com", "begins with https://"),
        ("PUBLIC_URL", "https://login.example.com/path", "without path"),
        ("PUBLIC_URL", "login.example.com", "scheme and host"),
        ("TRUSTED_HOSTS", "", "write the host of PUBLIC_URL"),
        ("DEBUG", "true", "write false"),
        ("WORKERS", "many", "WORKERS"),
        ("TRUSTED_PROXIES", "9", "TRUSTED_PROXIES"),
        ("DEFAULT_LANGUAGE", "fr", "write zh_CN or en"),
        ("CONFIRM", "sometimes", "CONFIRM"),
        ("LOGIN_SCOPE", "snsapi_all", "LOGIN_SCOPE"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_write(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, words: str
) -> None:
    with pytest.raises(config.SettingsError) as refused:
        load(monkeypatch, **{name: value})

    assert name in str(refused.value)
    assert words in str(refused.value)


def test_everything_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(config.SettingsError) as refused:
        load(monkeypatch, SECRET_KEY="weak", PUBLIC_URL="http://x.example", TRUSTED_HOSTS="")

    lines = str(refused.value).splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "SECRET_KEY",
        "PUBLIC_URL",
        "TRUSTED_HOSTS",
    ]


def test_no_value_of_a_secret_is_in_the_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(config.SettingsError) as refused:
        load(monkeypatch, SECRET_KEY="canary-but-short", WORKERS="many")

    assert "canary" not in str(refused.value)


def test_the_start_is_stopped_with_the_words_and_no_stack() -> None:
    environment = {"PATH": os.environ["PATH"], "PUBLIC_URL": "https://login.example.com"}

    started = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert started.returncode == 1
    assert "SECRET_KEY: it is missing" in started.stderr
    assert "Traceback" not in started.stderr


def test_every_setting_has_a_meaning_and_an_example() -> None:
    bare = [
        name
        for name, field in Settings.model_fields.items()
        if not field.description or not field.examples
    ]

    assert bare == []


def test_the_documentation_lists_exactly_these_settings() -> None:
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    assert config.as_markdown() in written
