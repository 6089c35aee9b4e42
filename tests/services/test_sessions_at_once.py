"""Sessions that begin, rotate and end at the same moment."""

from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests.services.one_person import LATER, MUCH_LATER, NOW, run_at_once
from tests.services.session_tree import (
    CALLBACK,
    LIFETIME,
    a_child,
    a_shop,
    keys,
    noticed,
    start,
)
from tests.stories import a_user
from wechatlogin.errors import TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuthorizationCode, Session
from wechatlogin.models.transaction import write
from wechatlogin.services import authorization_codes, refresh_tokens, sessions
from wechatlogin.services.authorization_codes import Authorized
from wechatlogin.services.site import Site


@pytest.fixture
def shop(storage: Site) -> Application:
    return a_shop(storage)


@pytest.fixture
def parent(storage: Site) -> Session:
    return start("browser", a_user(NOW))


def end_token(token: str) -> None:
    sessions.end(token, now=LATER)


def end_person(user_id: str) -> None:
    sessions.end_all(user_id, now=LATER)


def end_public(user_id: str, public_id: str) -> None:
    sessions.end_one(user_id, public_id, now=LATER)


def test_of_six_ends_at_once_each_session_is_noticed_once(
    stored_app: Flask, parent: Session, shop: Application
) -> None:
    children = [a_child(parent, shop, f"child {number}").public_id for number in range(4)]
    user_id = parent.user_id or ""
    ends = [
        partial(end_token, "browser"),
        partial(end_person, user_id),
        partial(end_public, user_id, children[0]),
    ]

    run_at_once(stored_app, ends * 2)

    assert keys() == set()
    assert noticed() == sorted(children)


def redeem(code_id: int, shop_id: int) -> None:
    row = db.session.get(AuthorizationCode, code_id)
    shop = db.session.get_one(Application, shop_id)
    if row is None:
        return
    try:
        authorization_codes.redeem(row, shop, now=NOW)
    except TokenInvalid:
        return


def test_no_program_outlives_a_log_out_at_the_same_moment(
    stored_app: Flask, parent: Session, shop: Application
) -> None:
    authorized = Authorized(shop, CALLBACK, "openid")
    for _ in range(4):
        authorization_codes.issue(parent, authorized, now=NOW)
    codes = list(db.session.scalars(select(AuthorizationCode.id)))
    with write() as database:
        database.execute(update(AuthorizationCode).values(expires_at=MUCH_LATER))
    exchanges = [partial(redeem, code_id, shop.id) for code_id in codes]

    run_at_once(stored_app, [*exchanges[:2], partial(end_token, "browser"), *exchanges[2:]])

    assert keys() == set()


def spend(app: Flask, token: str) -> None:
    with pytest.raises(TokenInvalid):
        refresh_tokens.rotate(app.extensions["wechatlogin"], token, lifetime=LIFETIME, now=LATER)


def test_a_stolen_token_and_a_log_out_at_the_same_moment_do_not_wait_for_each_other(
    storage: Site, stored_app: Flask, parent: Session, shop: Application
) -> None:
    child, user_id = a_child(parent, shop), parent.user_id or ""
    issued = refresh_tokens.issue(storage, child, scope="openid", lifetime=LIFETIME, now=NOW)
    token, sid = issued.get_secret_value(), child.public_id
    refresh_tokens.rotate(storage, token, lifetime=LIFETIME, now=NOW)
    again = partial(spend, stored_app, token)

    run_at_once(
        stored_app, [again, partial(end_person, user_id), again, partial(end_token, "browser")] * 2
    )

    assert keys() == set()
    assert noticed() == [sid]
