"""The commands by which an owner gives an account its own words."""

from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask

from tests.stories import an_account
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Reply

APPID = "wx0123456789abcdef"


@pytest.fixture
def app(empty_app: Flask) -> Iterator[Flask]:
    with empty_app.app_context():
        an_account(empty_app.extensions["wechatlogin"], now=clock.now(), appid=APPID)
        yield empty_app


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["reply", *words])


def texts() -> list[str]:
    return list(db.session.scalars(db.select(Reply.text).order_by(Reply.id)))


def test_texts_are_set_listed_and_removed(app: Flask) -> None:
    done = [
        run(app, "set", APPID, "welcome", "你好"),
        run(app, "set", APPID, "welcome", "Hello\nthere", "--language", "en"),
        run(app, "set", APPID, "keyword", "9-18", "--keyword", "Hours"),
    ]
    listed = run(app, "list", APPID)
    removed = run(app, "remove", APPID, "keyword", "--keyword", "HOURS")

    assert [one.exit_code for one in (*done, listed, removed)] == [0] * 5
    assert done[0].output == f"saved welcome in zh_CN for {APPID}\n"
    assert listed.output == (
        "welcome en\n    Hello\n    there\nwelcome zh_CN\n    你好\nkeyword zh_CN hours\n    9-18\n"
    )
    assert texts() == ["你好", "Hello\nthere"]


def test_setting_a_text_again_replaces_it(app: Flask) -> None:
    for text in ("你好", "你好啊"):
        run(app, "set", APPID, "welcome", text)

    assert texts() == ["你好啊"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("confirm", "点我"), "内容里要有 {link}，它会变成确认登录的链接。"),
        (("welcome", "{link}"), "花括号里只能写 {name}。"),
        (("welcome", "x", "--language", "fr"), "语言只能是 zh_CN 或 en。"),
        (("welcome", "x", "--keyword", "y"), "只有关键词回复才能有关键词。"),
        (("keyword", "x"), "关键词回复要有关键词。"),
        (("default", "你" * 683), "内容太长了：填好占位符以后，最多 2048 字节。"),
    ],
)
def test_a_text_that_is_refused_is_not_kept_and_the_reason_is_told(
    app: Flask, words: tuple[str, ...], problem: str
) -> None:
    done = run(app, "set", APPID, *words)

    in_english = app.extensions["wechatlogin"].speaking("en").translate(problem)
    assert done.exit_code == 1
    assert done.output == f"Error: {in_english}\n"
    assert texts() == []


def test_what_is_not_there_is_told(app: Flask) -> None:
    unknown = run(app, "set", "wx0000000000000000", "welcome", "你好")
    never_set = run(app, "remove", APPID, "welcome")
    no_occasion = run(app, "set", APPID, "goodbye", "再见")

    assert (unknown.exit_code, never_set.exit_code, no_occasion.exit_code) == (1, 1, 2)
    assert "no account wx0000000000000000" in unknown.output
    assert "no such text" in never_set.output
    assert "goodbye" in no_occasion.output
