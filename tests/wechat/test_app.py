"""What each kind of account is entitled to."""

import pytest
from pydantic import SecretStr

from wechatlogin.wechat import app
from wechatlogin.wechat.app import AppKind, Right


@pytest.mark.parametrize("kind", AppKind)
def test_every_kind_has_rights(kind: AppKind) -> None:
    assert app.rights_of(kind)


@pytest.mark.parametrize(
    ("right", "kinds"),
    [
        (Right.WEB_AUTHORIZATION, {AppKind.SERVICE, AppKind.TEST}),
        (Right.PARAMETRIC_QR, {AppKind.SERVICE, AppKind.TEST}),
        (Right.TEMPLATE_MESSAGE, {AppKind.SERVICE, AppKind.TEST}),
        (Right.CUSTOMER_MESSAGE, {AppKind.SERVICE, AppKind.SUBSCRIPTION, AppKind.TEST}),
        (Right.USER_INFO, {AppKind.SERVICE, AppKind.SUBSCRIPTION, AppKind.TEST}),
        (Right.WEBSITE_LOGIN, {AppKind.WEBSITE}),
        (Right.MINI_PROGRAM_LOGIN, {AppKind.MINI_PROGRAM}),
        (
            Right.MENU,
            {
                AppKind.SERVICE,
                AppKind.SERVICE_UNCERTIFIED,
                AppKind.SUBSCRIPTION,
                AppKind.TEST,
            },
        ),
    ],
)
def test_rights_are_those_of_wechats_table(right: Right, kinds: set[AppKind]) -> None:
    assert {kind for kind in AppKind if right in app.rights_of(kind)} == kinds


def test_every_account_may_listen() -> None:
    assert all(Right.PUSHES in app.rights_of(kind) for kind in AppKind)


def test_no_secret_shows_in_a_repr() -> None:
    account = app.WeChatApp(
        appid="wx1",
        secret=SecretStr("canary"),
        kind=AppKind.SERVICE,
        token=SecretStr("canary"),
        aes_key=SecretStr("canary"),
    )

    assert "canary" not in repr(account)
