"""Versions of the privacy notice, who has agreed to which, and the gate in front of a login."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.stories import BINDING, a_browser, a_user, an_account, an_identity, start_attempt
from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import AttemptDeclined, AttemptExpired, AttemptNotFound, NoticeDue
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, AuditEntry, AuditTag, Purpose, Status, User, Way
from wechatlogin.services import (
    agreements,
    attempt_marks,
    attempts,
    audit,
    confirmations,
    logins,
    merging,
    privacy_notices,
    qr_scans,
)
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.privacy_notices import Agreement, NewNotice
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)


def publish(text: str = "我们保存你的昵称。", *, asks_anew: bool = False) -> int:
    new = NewNotice(text, asks_anew=asks_anew)
    return privacy_notices.publish(new, by=audit.COMMAND_LINE, now=NOW).version


def a_confirmed_attempt(site: Site, openid: str = "o-lin", **given: object) -> Attempt:
    identity = an_identity(an_account(site, now=NOW), openid, now=NOW)
    attempt = start_attempt(now=NOW, appid=identity.appid, **given)
    return attempts.confirm(attempt.id, openid, user_id=identity.user_id, now=NOW)


def a_scan(site: Site) -> tuple[Attempt, str]:
    """Return an attempt that a stranger has scanned, and the token of their confirm page."""
    row = an_account(site, now=NOW)
    attempt = start_attempt(now=NOW, appid=row.appid, way=Way.SCAN, confirm=ConfirmPolicy.TAP)
    sighting = Sighting("o-lin", follows=True)
    scanned = qr_scans.pin(site, row, attempt, sighting=sighting, now=NOW)
    return attempt, (scanned.confirm_url or "").rsplit("/", 1)[-1]


def test_where_nothing_was_published_nothing_is_due(storage: Site) -> None:
    assert privacy_notices.get_current() is None
    assert privacy_notices.get_due(None) is None
    assert privacy_notices.get_due(a_user(NOW)) is None


def test_a_stranger_and_whoever_has_not_agreed_have_it_due(storage: Site) -> None:
    version = publish()

    for user_id in (None, a_user(NOW)):
        due = privacy_notices.get_due(user_id)
        assert due is not None
        assert due.version == version


def test_to_agree_is_noted_with_version_moment_and_audit(storage: Site) -> None:
    version, user_id = publish(), a_user(NOW)

    assert privacy_notices.accept(user_id, Agreement(version, "203.0.113.7"), now=SOON)

    user = db.session.get_one(User, user_id)
    assert (user.notice_version, user.notice_accepted_at) == (version, SOON)
    assert privacy_notices.get_due(user_id) is None
    entry = db.session.scalars(
        db.select(AuditEntry).where(AuditEntry.tag == AuditTag.NOTICE_ACCEPTED)
    ).one()
    assert (entry.user_id, entry.ip, entry.detail) == (user_id, "203.0.113.7", f"version {version}")


@pytest.mark.parametrize("shown", [None, 0, 99])
def test_a_version_that_was_never_shown_cannot_be_agreed_to(
    storage: Site, shown: int | None
) -> None:
    publish()
    user_id = a_user(NOW)

    assert not privacy_notices.accept(user_id, Agreement(shown), now=SOON)
    assert privacy_notices.get_due(user_id) is not None


def test_a_newer_version_is_due_only_if_it_asks_anew(storage: Site) -> None:
    user_id = a_user(NOW)
    privacy_notices.accept(user_id, Agreement(publish()), now=NOW)

    publish("换了几个字。")
    assert privacy_notices.get_due(user_id) is None

    publish("我们还保存地区。", asks_anew=True)
    assert privacy_notices.get_due(user_id) is not None


def test_an_empty_version_takes_the_notice_back(storage: Site) -> None:
    user_id = a_user(NOW)
    publish()
    publish("")

    assert privacy_notices.get_current() is None
    assert privacy_notices.get_due(user_id) is None


def test_to_publish_is_in_the_audit_without_the_text(storage: Site) -> None:
    publish("第一版的全文")
    version = publish("第二版的全文", asks_anew=True)

    entry = db.session.scalars(
        db.select(AuditEntry)
        .where(AuditEntry.tag == AuditTag.PRIVACY_NOTICE_SAVED)
        .order_by(AuditEntry.id.desc())
    ).first()
    assert entry is not None
    assert entry.actor == audit.COMMAND_LINE.name
    assert entry.after is not None
    assert entry.after["version"] == version
    assert "全文" not in str(entry.after)


def test_nothing_is_claimed_before_its_person_agrees(storage: Site) -> None:
    version, attempt = publish(), a_confirmed_attempt(storage)

    with pytest.raises(NoticeDue):
        attempts.claim(attempt.id, binding_hash=BINDING, now=SOON)
    with pytest.raises(NoticeDue):
        logins.claim(storage, attempt.id, a_browser(), now=SOON)
    waiting = attempts.get(attempt.id)
    assert waiting is not None
    assert waiting.status == Status.CONFIRMED

    assert agreements.agree(attempt, Agreement(version), now=SOON)
    claimed, is_first = attempts.claim(attempt.id, binding_hash=BINDING, now=SOON)
    assert is_first
    assert claimed.status == Status.CLAIMED


def test_to_add_a_wechat_to_an_account_needs_no_agreement(storage: Site) -> None:
    publish()
    attempt = a_confirmed_attempt(storage, purpose=Purpose.LINK, link_user_id=a_user(NOW))

    _, is_first = attempts.claim(attempt.id, binding_hash=BINDING, now=SOON)

    assert is_first


def test_who_reads_is_given_time_once(storage: Site) -> None:
    version, attempt = publish(), a_confirmed_attempt(storage)
    late = NOW + attempt_marks.READING_LIFETIME - timedelta(seconds=1)

    agreements.get_waiting(attempt, now=SOON)
    again = attempts.get(attempt.id)
    assert again is not None
    agreements.get_waiting(again, now=late)

    assert agreements.agree(again, Agreement(version), now=late)
    with pytest.raises(AttemptExpired):
        attempts.claim(attempt.id, binding_hash=BINDING, now=late + timedelta(minutes=1))


def test_whoever_refuses_ends_the_attempt_for_good(storage: Site) -> None:
    version, attempt = publish(), a_confirmed_attempt(storage)

    agreements.refuse(storage, attempt, ip=None, now=SOON)

    ended = agreements.verify_own(attempt.id, a_browser())
    assert agreements.check_refused(attempt.id, a_browser(), "/help") is False
    with pytest.raises(AttemptNotFound):
        agreements.agree(ended, Agreement(version), now=SOON)
    with pytest.raises(AttemptDeclined):
        attempts.claim(attempt.id, binding_hash=BINDING, now=SOON)


def test_a_confirm_page_that_showed_no_notice_confirms_nothing(storage: Site) -> None:
    version = publish()
    attempt, token = a_scan(storage)

    with pytest.raises(NoticeDue):
        confirmations.choose(storage, token, None, now=SOON)
    assert _status_of(attempt) == Status.SCANNED

    confirmations.choose(storage, token, None, now=SOON, agreement=Agreement(version))
    assert _status_of(attempt) == Status.CONFIRMED
    attempts.claim(attempt.id, binding_hash=BINDING, now=SOON)


def test_whoever_hears_of_the_confirmation_finds_that_the_person_agreed(storage: Site) -> None:
    version = publish()
    attempt, token = a_scan(storage)
    stop_listening = storage.bus.subscribe(
        lambda *_: attempts.claim(attempt.id, binding_hash=BINDING, now=SOON)
    )

    confirmations.choose(storage, token, None, now=SOON, agreement=Agreement(version))

    stop_listening()
    assert _status_of(attempt) == Status.CLAIMED


def test_a_policy_that_asks_nobody_asks_whoever_has_yet_to_agree(storage: Site) -> None:
    version, row = publish(), an_account(storage, now=NOW)
    urls = []
    for _ in range(2):
        attempt = start_attempt(now=NOW, appid=row.appid, way=Way.SCAN, confirm=ConfirmPolicy.NEVER)
        sighting = Sighting("o-lin", follows=True)
        scanned = qr_scans.pin(storage, row, attempt, sighting=sighting, now=NOW)
        urls.append(scanned.confirm_url)
        if scanned.confirm_url:
            token = scanned.confirm_url.rsplit("/", 1)[-1]
            confirmations.choose(storage, token, None, now=SOON, agreement=Agreement(version))

    assert urls[0] is not None
    assert urls[1] is None


def test_a_merge_keeps_the_newer_agreement(storage: Site) -> None:
    row = an_account(storage, now=NOW)
    stays, goes = (an_identity(row, openid, now=NOW) for openid in ("o-lin", "o-mei"))
    first, second = publish(), publish("我们还保存地区。", asks_anew=True)
    _write(stays.user_id, first, NOW)
    _write(goes.user_id, second, SOON)

    merged = merging.merge_by_hand(stays.user_id, goes.user_id, by=audit.COMMAND_LINE, now=SOON)

    user = db.session.get_one(User, merged.user_id, populate_existing=True)
    assert (user.notice_version, user.notice_accepted_at) == (second, SOON)


def _write(user_id: str, version: int, at: datetime) -> None:
    user = db.session.get_one(User, user_id)
    user.notice_version, user.notice_accepted_at = version, at
    db.session.commit()


def _status_of(attempt: Attempt) -> str | None:
    found = attempts.get(attempt.id)
    return found.status if found else None
