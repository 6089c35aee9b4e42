"""A number on the screen, sent to an account that has its chat alone."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.stories import a_browser, an_account, an_identity
from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import AttemptDeclined, NumberWrong, RateLimited
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, AuditEntry, Status, Way, WeChatAppRow
from wechatlogin.services import attempts, confirmations, number_login
from wechatlogin.services.errand import Errand
from wechatlogin.services.number_login import Started
from wechatlogin.services.site import Site
from wechatlogin.wechat.app import AppKind

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
SOON = NOW + timedelta(seconds=20)


@pytest.fixture
def row(storage: Site) -> WeChatAppRow:
    return an_account(storage, now=NOW, kind=AppKind.PERSONAL)


def start(site: Site, row: WeChatAppRow, now: datetime = NOW) -> Started:
    return number_login.start(site, row, a_browser(), errand=Errand(next_path="/account"), now=now)


def shown(started: Started) -> str:
    return started.digits.get_secret_value()


def another(digits: str, step: int = 1) -> str:
    return str(100_000 + (int(digits) - 100_000 + step) % 900_000)


def now_of(attempt: Attempt) -> Attempt:
    found = attempts.get(attempt.id)
    assert found is not None
    return found


def test_the_number_has_six_digits_and_is_nowhere_in_the_row(
    storage: Site, row: WeChatAppRow
) -> None:
    started = start(storage, row)

    kept = db.session.execute(select(Attempt.__table__)).one()
    assert len(shown(started)) == 6
    assert shown(started).isascii()
    assert shown(started) not in {str(value) for value in kept}
    assert shown(started) not in repr(started)


def test_the_number_pins_its_sender_and_asks_for_a_tap(storage: Site, row: WeChatAppRow) -> None:
    started = start(storage, row)

    sent = number_login.sent(storage, row, shown(started), "o-lin", now=SOON)

    assert sent.confirm_url is not None
    assert (sent.attempt.status, sent.attempt.openid) == (Status.SCANNED, "o-lin")
    assert (sent.attempt.way, sent.attempt.confirm) == (Way.NUMBER, ConfirmPolicy.TAP)


def test_the_link_confirms_the_attempt_as_the_sender(storage: Site, row: WeChatAppRow) -> None:
    started = start(storage, row)
    sent = number_login.sent(storage, row, shown(started), "o-lin", now=SOON)
    token = str(sent.confirm_url).rpartition("/")[2]

    confirmations.choose(storage, token, None, now=SOON)

    identity = an_identity(row, "o-lin", now=SOON)
    assert now_of(started.attempt).status == Status.CONFIRMED
    assert now_of(started.attempt).user_id == identity.user_id
    assert identity.follows is True


def test_the_same_person_may_send_it_again_and_gets_the_same_link(
    storage: Site, row: WeChatAppRow
) -> None:
    started = start(storage, row)

    links = {
        number_login.sent(storage, row, shown(started), "o-lin", now=at).confirm_url
        for at in (SOON, SOON + timedelta(seconds=100))
    }

    assert len(links) == 1


def test_somebody_elses_number_is_refused_like_a_wrong_one(
    storage: Site, row: WeChatAppRow
) -> None:
    started = start(storage, row)
    number_login.sent(storage, row, shown(started), "o-lin", now=SOON)

    with pytest.raises(NumberWrong):
        number_login.sent(storage, row, shown(started), "o-another", now=SOON)

    assert now_of(started.attempt).openid == "o-lin"


def test_a_number_is_good_for_five_minutes(storage: Site, row: WeChatAppRow) -> None:
    started = start(storage, row)
    last, too_late = NOW + timedelta(seconds=299), NOW + timedelta(seconds=300)

    with pytest.raises(NumberWrong):
        number_login.sent(storage, row, shown(started), "o-lin", now=too_late)
    sent = number_login.sent(storage, row, shown(started), "o-lin", now=last)

    assert sent.attempt.status == Status.SCANNED


def test_another_accounts_chat_knows_nothing_of_the_number(
    storage: Site, row: WeChatAppRow
) -> None:
    started = start(storage, row)
    other = an_account(storage, now=NOW, appid="wxfedcba9876543210", kind=AppKind.PERSONAL)

    with pytest.raises(NumberWrong):
        number_login.sent(storage, other, shown(started), "o-lin", now=SOON)


def test_whoever_sends_five_wrong_numbers_has_to_wait(storage: Site, row: WeChatAppRow) -> None:
    started = start(storage, row)
    for step in range(1, 6):
        with pytest.raises(NumberWrong):
            number_login.sent(storage, row, another(shown(started), step), "o-lin", now=SOON)

    with pytest.raises(RateLimited) as refused:
        number_login.sent(storage, row, shown(started), "o-lin", now=SOON)
    other = number_login.sent(storage, row, shown(started), "o-another", now=SOON)

    assert refused.value.resets_in == timedelta(minutes=10)
    assert other.attempt.openid == "o-another"
    rows = db.session.execute(select(AuditEntry.__table__)).all()
    assert not [value for one in rows for value in one if "o-lin" in str(value)]


def test_a_wrong_number_is_forgotten_after_ten_minutes(storage: Site, row: WeChatAppRow) -> None:
    for _ in range(5):
        with pytest.raises(NumberWrong):
            number_login.sent(storage, row, "100000", "o-lin", now=NOW)
    later = NOW + timedelta(minutes=10)
    started = start(storage, row, later)

    sent = number_login.sent(storage, row, shown(started), "o-lin", now=later)

    assert sent.attempt.openid == "o-lin"


def test_a_declined_login_says_so_to_its_own_person(storage: Site, row: WeChatAppRow) -> None:
    started = start(storage, row)
    sent = number_login.sent(storage, row, shown(started), "o-lin", now=SOON)
    confirmations.decline(storage, str(sent.confirm_url).rpartition("/")[2], now=SOON)

    with pytest.raises(AttemptDeclined):
        number_login.sent(storage, row, shown(started), "o-lin", now=SOON)


def test_two_logins_at_once_show_two_numbers(
    storage: Site, row: WeChatAppRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([7, 7, 8])
    monkeypatch.setattr("secrets.randbelow", lambda _: next(drawn))

    first, second = start(storage, row), start(storage, row, NOW + timedelta(seconds=90))

    assert (shown(first), shown(second)) == ("100007", "100008")
