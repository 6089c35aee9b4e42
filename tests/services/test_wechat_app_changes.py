"""Adding, changing and removing WeChat apps on each database, and what the audit tells of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from tests.stories import an_identity
from wechatlogin.errors import SettingRefused, WeChatAppInUse
from wechatlogin.extensions import db
from wechatlogin.models import (
    AccountHealth,
    AuditEntry,
    Identity,
    Occasion,
    PlatformToken,
    WeChatAppRow,
)
from wechatlogin.models.transaction import write
from wechatlogin.services import (
    applications,
    audit,
    replies,
    verification_files,
    wechat_app_changes,
    wechat_app_settings,
    wechat_apps,
)
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.audit import Actor
from wechatlogin.services.replies import NewReply
from wechatlogin.services.site import Site
from wechatlogin.services.verification_files import NewVerificationFile
from wechatlogin.services.wechat_app_settings import GivenSecrets, WeChatAppSettings
from wechatlogin.wechat.app import AppKind, MessageMode

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
APPID = "wx0123456789abcdef"
MEI = Actor("mei", "203.0.113.7")
SETTINGS = WeChatAppSettings("晨光书店", AppKind.SERVICE, MessageMode.SAFE, gh_id="gh_0123456789ab")
SECRETS = GivenSecrets(SecretStr("s" * 32), SecretStr("t" * 32), SecretStr("k" * 42 + "A"))


def create(site: Site, **given: object) -> WeChatAppRow:
    settings = replace(SETTINGS, **given)  # type: ignore[arg-type]
    return wechat_app_changes.create(site, APPID, settings, SECRETS, by=MEI, now=NOW)


def change(
    site: Site, row: WeChatAppRow, wanted: WeChatAppSettings, given: GivenSecrets | None = None
) -> None:
    secrets = given or GivenSecrets()
    wechat_app_changes.change(site, row, wanted, secrets, by=MEI, now=NOW)


def entries(tag: str) -> list[AuditEntry]:
    return list(db.session.scalars(db.select(AuditEntry).filter_by(tag=tag).order_by("id")))


def test_a_new_app_is_written_down_and_its_secrets_stay_out_of_the_audit(storage: Site) -> None:
    row = create(storage)

    app = wechat_apps.credentials(storage.vault, row)
    assert app.secret == SECRETS.secret
    assert (app.token, app.aes_key) == (SECRETS.token, SECRETS.aes_key)
    (entry,) = entries("wechat_app:saved")
    assert (entry.actor, entry.ip, entry.detail, entry.before) == ("mei", MEI.ip, APPID, None)
    assert entry.after is not None
    assert entry.after["name"] == "晨光书店"
    assert {entry.after[name] for name in ("secret", "token", "aes_key")} == {"(set)"}


def test_an_appid_is_added_once(storage: Site) -> None:
    create(storage)

    with pytest.raises(SettingRefused) as refused:
        create(storage)

    assert refused.value.field == "appid"


def test_what_is_not_given_stays_and_the_audit_names_what_changed(storage: Site) -> None:
    row = create(storage)

    change(storage, row, replace(SETTINGS, name="新书店"), GivenSecrets(token=SecretStr("n" * 32)))

    app = wechat_apps.credentials(storage.vault, row)
    assert (app.secret, app.aes_key) == (SECRETS.secret, SECRETS.aes_key)
    assert app.token == SecretStr("n" * 32)
    _, entry = entries("wechat_app:saved")
    assert entry.before == {"name": "晨光书店", "token": "(set)"}
    assert entry.after == {"name": "新书店", "token": "(changed)"}


def test_a_change_that_changes_nothing_leaves_no_trace(storage: Site) -> None:
    row = create(storage)

    change(storage, row, SETTINGS, SECRETS)

    assert len(entries("wechat_app:saved")) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "书" * 65),
        ("name", "书\n店"),
        ("gh_id", "0123456789ab"),
        ("open_platform_group", "g" * 65),
        ("follow_url", "javascript:alert(1)"),
        ("follow_url", "http://weixin.qq.com/r/" + "a" * 256),
        ("forward_url", "ftp://example.com/"),
        ("forward_url", "http://127.0.0.1:5000/api/wechat"),
        ("identifier", "Our Shop"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_name(
    storage: Site, field: str, value: str
) -> None:
    row = create(storage)

    with pytest.raises(SettingRefused) as refused:
        change(storage, row, replace(SETTINGS, **{field: value}))  # type: ignore[arg-type]

    assert refused.value.field == field
    db.session.refresh(row)
    assert wechat_app_settings.of(row) == SETTINGS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("secret", "s" * 31),
        ("secret", "s" * 31 + "\n"),
        ("token", "t" * 33),
        ("token", "t-t"),
        ("aes_key", "k" * 42),
        ("aes_key", "k" * 42 + "="),
    ],
)
def test_an_odd_secret_is_refused(storage: Site, field: str, value: str) -> None:
    row = create(storage)

    with pytest.raises(SettingRefused) as refused:
        change(storage, row, SETTINGS, GivenSecrets(**{field: SecretStr(value)}))

    assert refused.value.field == field
    assert value not in str(refused.value)


def test_another_apps_identifier_is_refused(storage: Site) -> None:
    row = create(storage)
    other = replace(SETTINGS, identifier="our-shop")
    wechat_app_changes.create(storage, "wxfedcba9876543210", other, SECRETS, by=MEI, now=NOW)

    with pytest.raises(SettingRefused):
        change(storage, row, other)


def test_a_mode_with_encryption_needs_the_key(storage: Site) -> None:
    row = wechat_app_changes.create(
        storage,
        APPID,
        replace(SETTINGS, mode=MessageMode.PLAIN),
        replace(SECRETS, aes_key=None),
        by=MEI,
        now=NOW,
    )

    with pytest.raises(SettingRefused) as refused:
        change(storage, row, SETTINGS)

    assert refused.value.field == "aes_key"
    assert row.mode == MessageMode.PLAIN


def test_a_test_account_has_the_plain_mode_alone(storage: Site) -> None:
    row = create(storage, kind=AppKind.TEST)

    assert row.mode == MessageMode.PLAIN


def test_an_account_with_a_template_cannot_become_one_that_sends_none(storage: Site) -> None:
    row = create(storage)
    with write():
        row.template_id, row.template_fields = "t", {"number1": "{code}"}

    with pytest.raises(SettingRefused) as refused:
        change(storage, row, replace(SETTINGS, kind=AppKind.PERSONAL))

    assert refused.value.field == "kind"


def test_new_callback_secrets_are_what_wechat_takes_and_differ_each_time(storage: Site) -> None:
    row = create(storage)
    with write() as session:
        session.add(AccountHealth(appid=APPID, verified_at=NOW))

    made = [
        wechat_app_changes.renew_callback_secrets(storage.vault, row, by=MEI, now=NOW)
        for _ in range(2)
    ]

    given = [
        GivenSecrets(token=SecretStr(one.token), aes_key=SecretStr(one.aes_key or ""))
        for one in made
    ]
    change(storage, row, SETTINGS, given[0])
    assert made[0] != made[1]
    assert made[1].token not in repr(made[1])
    health = db.session.get(AccountHealth, APPID)
    assert health is not None
    assert health.verified_at is None
    assert entries("wechat_app:saved")[1].after == {"token": "(changed)", "aes_key": "(changed)"}


def test_a_test_account_is_given_a_token_alone(storage: Site) -> None:
    row = create(storage, kind=AppKind.TEST)

    made = wechat_app_changes.renew_callback_secrets(storage.vault, row, by=MEI, now=NOW)

    assert made.aes_key is None


def test_a_removed_app_takes_its_own_with_it_and_leaves_the_people(storage: Site) -> None:
    row = create(storage)
    identity = an_identity(row, "o1", now=NOW)
    replies.save(row, NewReply(Occasion.WELCOME, "zh_CN", "你好"), by=MEI, now=NOW)
    sixteen = "bU7m2R3kQ0r1oQdB"
    file = NewVerificationFile(f"MP_verify_{sixteen}.txt", sixteen)
    verification_files.save(row, file, by=MEI, now=NOW)
    with write() as session:
        session.add(PlatformToken(appid=APPID))
    dependents = wechat_app_changes.get_dependents(row)

    wechat_app_changes.remove(row, by=MEI, now=NOW)

    assert (dependents.people, dependents.replies, dependents.files) == (1, 1, 1)
    assert wechat_apps.get(APPID) is None
    assert db.session.get(PlatformToken, APPID) is None
    assert db.session.get(Identity, identity.id) is not None
    assert verification_files.get(file.name) is None
    (entry,) = entries("wechat_app:removed")
    assert (entry.actor, entry.detail, entry.after) == ("mei", APPID, None)


def test_an_app_that_an_application_names_is_not_removed(storage: Site) -> None:
    row = create(storage)
    applications.create(storage.vault, NewApplication("书店", appids=(APPID,)), now=NOW)

    with pytest.raises(WeChatAppInUse):
        wechat_app_changes.remove(row, by=MEI, now=NOW)

    assert wechat_apps.get(APPID) is row


def test_the_command_line_leaves_its_name(storage: Site) -> None:
    new = wechat_apps.NewWeChatApp(APPID, SecretStr("s" * 32), AppKind.SERVICE, "书店")
    for _ in range(2):
        wechat_apps.save(storage.vault, new, now=NOW)

    first, again = entries("wechat_app:saved")
    assert first.actor == again.actor == audit.COMMAND_LINE.name
    assert (again.before, again.after) == ({"secret": "(set)"}, {"secret": "(changed)"})
