"""`flask privacy-notice` and `flask purge`."""

import gc
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from tests.stories import start_attempt
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Attempt
from wechatlogin.services import privacy_notices, timers


def run(app: Flask, *arguments: str, code: int = 0) -> str:
    result = app.test_cli_runner().invoke(args=[*arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_a_notice_is_put_in_force_shown_and_withdrawn(empty_app: Flask, tmp_path: Path) -> None:
    chinese, english = tmp_path / "zh.txt", tmp_path / "en.txt"
    chinese.write_text("我们保存你的昵称。\n", encoding="utf-8")
    english.write_text("We keep your name.\n", encoding="utf-8")

    assert run(empty_app, "privacy-notice", "show") == "no notice is in force\n"
    made = run(empty_app, "privacy-notice", "set", str(chinese), "--english", str(english))
    shown = run(empty_app, "privacy-notice", "show")

    assert made == "version 1 is in force\n"
    assert shown.startswith("version 1, ")
    assert "我们保存你的昵称。" in shown
    assert "We keep your name." in shown
    assert "no notice is in force any more" in run(empty_app, "privacy-notice", "withdraw")
    assert "no notice is in force" in run(empty_app, "privacy-notice", "withdraw", code=1)


def test_a_notice_may_ask_everybody_anew(empty_app: Flask, tmp_path: Path) -> None:
    text = tmp_path / "zh.txt"
    text.write_text("我们保存你的昵称。", encoding="utf-8")

    for more in ((), (), ("--ask-anew",)):
        run(empty_app, "privacy-notice", "set", str(text), *more)

    with empty_app.app_context():
        asking = {notice.version: notice.asks_anew for notice in privacy_notices.get_all()}
    assert asking == {1: True, 2: False, 3: True}


def test_an_empty_notice_is_refused(empty_app: Flask, tmp_path: Path) -> None:
    text = tmp_path / "zh.txt"
    text.write_text(" \n", encoding="utf-8")

    assert "1 to 8000 characters" in run(empty_app, "privacy-notice", "set", str(text), code=1)


def test_purge_says_what_has_gone_and_a_dry_run_takes_nothing(empty_app: Flask) -> None:
    with empty_app.app_context():
        start_attempt(now=clock.now() - timedelta(days=91))
        db.session.remove()

    assert "attempts: 1\n" in run(empty_app, "purge", "--dry-run")
    assert "attempts: 1\n" in run(empty_app, "purge")
    assert "attempts: 0\n" in run(empty_app, "purge")
    with empty_app.app_context():
        assert db.session.scalar(db.select(Attempt.id)) is None
        assert timers.get_done_at("purge") is not None


@pytest.mark.fault("C-35")
def test_while_it_purges_no_collection_of_garbage_looks_through_all_that_is_loaded(
    empty_app: Flask,
) -> None:
    kept_out: list[int] = []

    def note(phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            kept_out.append(gc.get_freeze_count())

    loaded = len(gc.get_objects())

    gc.callbacks.append(note)
    run(empty_app, "purge")
    gc.callbacks.remove(note)

    assert max(kept_out) > loaded / 2
    assert gc.get_freeze_count() == 0
