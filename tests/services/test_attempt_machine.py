"""Anything may happen to an attempt, in any order: what must hold all the same.

I1 it is claimed at most once, only by the browser that holds its binding. I2 its state only moves
forward. I3 the first person to scan owns it. I4 a snapshot person never comes near it, which
`test_web_login.py` shows. I5 an identity is keyed by (appid, openid). I6 of a credential that is
used again nothing new comes. I7 what awaits a following belongs to its person, and only that
confirms it. I8 nothing is claimed before its person has agreed to the privacy notice in force.
"""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.stories import BINDING, LIFETIME, an_account, an_identity, start_attempt
from wechatlogin.errors import AttemptError, AttemptNotFound, AttemptTaken
from wechatlogin.extensions import db
from wechatlogin.models import PrivacyNotice, Status, User
from wechatlogin.services import attempts, audit, privacy_notices
from wechatlogin.services.privacy_notices import Agreement, NewNotice
from wechatlogin.vault import sha256_hex

START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
RANK = {
    Status.PENDING: 0,
    Status.SCANNED: 1,
    Status.CONFIRMED: 2,
    Status.CLAIMED: 3,
    Status.DECLINED: 3,
    Status.EXPIRED: 3,
    Status.FAILED: 3,
}
PEOPLE = ("o-lin", "o-Lin", "o-mei")
BROWSERS = (BINDING, sha256_hex("another browser"))


class Life(RuleBasedStateMachine):
    """One attempt after the other, moved by whoever may try."""

    known = Bundle("known")
    app: Flask

    def __init__(self) -> None:
        super().__init__()
        self.context = self.app.app_context()
        self.context.push()
        self.now = START
        self.seen: dict[str, Status] = {}
        self.owner: dict[str, str] = {}
        self.first_claims: dict[str, int] = {}
        row = an_account(self.app.extensions["wechatlogin"], now=START)
        self.identities = {name: an_identity(row, name, now=START) for name in PEOPLE}
        self.users = {name: identity.user_id for name, identity in self.identities.items()}
        self.awaiting: set[str] = set()
        # What was published and agreed to in the life before.
        db.session.execute(db.delete(PrivacyNotice))
        db.session.execute(db.update(User).values(notice_version=None))
        db.session.commit()
        self.required = self.published = 0
        self.agreed: dict[str, int] = {}

    def teardown(self) -> None:
        db.session.remove()
        self.context.pop()

    @rule(target=known)
    def start(self) -> str:
        attempt_id = start_attempt(now=self.now).id
        self.seen[attempt_id] = Status.PENDING
        return attempt_id

    @rule(seconds=st.integers(0, 200))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(attempt_id=known, person=st.sampled_from(PEOPLE))
    def scan(self, attempt_id: str, person: str) -> None:
        try:
            attempts.scan(
                attempt_id,
                person,
                confirm_hash=sha256_hex(attempt_id + person),
                lifetime=LIFETIME,
                now=self.now,
            )
        except AttemptTaken:
            assert self.owner[attempt_id] != person
        except AttemptError:
            return
        else:
            assert self.owner.setdefault(attempt_id, person) == person

    @rule(attempt_id=known, person=st.sampled_from(PEOPLE))
    def confirm(self, attempt_id: str, person: str) -> None:
        try:
            attempts.confirm(attempt_id, person, user_id=self.users[person], now=self.now)
        except AttemptError:
            return
        assert self.owner.setdefault(attempt_id, person) == person
        assert attempt_id not in self.awaiting

    @rule(attempt_id=known, person=st.sampled_from(PEOPLE))
    def await_follow(self, attempt_id: str, person: str) -> None:
        try:
            moved = attempts.await_follow(attempt_id, self.identities[person], now=self.now)
        except AttemptTaken:
            assert self.owner[attempt_id] != person
        except AttemptError:
            return
        else:
            assert self.owner.setdefault(attempt_id, person) == person
            if moved.awaits_follow:
                self.awaiting.add(attempt_id)

    @rule(attempt_id=known, person=st.sampled_from(PEOPLE))
    def follow(self, attempt_id: str, person: str) -> None:
        user_id = self.users[person]
        if attempts.confirm_follower(attempt_id, user_id=user_id, now=self.now):
            assert self.owner[attempt_id] == person
            self.awaiting.remove(attempt_id)

    @rule(attempt_id=known)
    def decline(self, attempt_id: str) -> None:
        attempts.decline(attempt_id, reason="refused", now=self.now)

    @rule(attempt_id=known)
    def fail(self, attempt_id: str) -> None:
        attempts.fail(attempt_id, reason="wechat", now=self.now)

    @precondition(lambda self: self.published < 2)
    @rule()
    def publish(self) -> None:
        new = NewNotice("我们保存你的昵称。", asks_anew=True)
        by = audit.COMMAND_LINE
        self.required = privacy_notices.publish(new, by=by, now=self.now).version
        self.published += 1

    @precondition(lambda self: self.required)
    @rule(person=st.sampled_from(PEOPLE), back=st.integers(0, 1))
    def agree(self, person: str, back: int) -> None:
        shown, user_id = self.required - back, self.users[person]
        if privacy_notices.accept(user_id, Agreement(shown), now=self.now):
            self.agreed[person] = self.required

    @rule(attempt_id=known, browser=st.sampled_from(BROWSERS))
    def refuse(self, attempt_id: str, browser: str) -> None:
        before = attempts.get(attempt_id)
        assert before is not None
        was = before.status
        if attempts.refuse(attempt_id, binding_hash=browser, reason="notice", now=self.now):
            assert (browser, was) == (BINDING, Status.CONFIRMED)

    @rule(attempt_id=known, browser=st.sampled_from(BROWSERS))
    def claim(self, attempt_id: str, browser: str) -> None:
        try:
            claimed, is_first = attempts.claim(attempt_id, binding_hash=browser, now=self.now)
        except AttemptNotFound:
            assert browser != BINDING
        except AttemptError:
            return
        else:
            assert browser == BINDING
            assert claimed.user_id == self.users[self.owner[attempt_id]]
            assert not is_first or self.agreed.get(self.owner[attempt_id], 0) == self.required
            self.first_claims[attempt_id] = self.first_claims.get(attempt_id, 0) + is_first
            assert self.first_claims[attempt_id] == 1

    @invariant()
    def states_only_move_forward(self) -> None:
        for attempt_id, before in list(self.seen.items()):
            attempt = attempts.get(attempt_id)
            assert attempt is not None
            status = attempts.status_at(attempt, self.now)
            if before != status:
                assert RANK[status] > RANK[before]
                self.seen[attempt_id] = status
            if attempt.openid is not None:
                assert self.owner[attempt_id] == attempt.openid

    @invariant()
    def what_awaits_a_following_is_never_confirmed_otherwise(self) -> None:
        for attempt_id in self.awaiting:
            attempt = attempts.get(attempt_id)
            assert attempt is not None
            assert attempt.awaits_follow
            assert attempt.status not in {Status.CONFIRMED, Status.CLAIMED}
            assert attempt.user_id == self.users[self.owner[attempt_id]]


@pytest.mark.fault("C-11")
@pytest.mark.usefixtures("storage")
def test_no_order_of_events_breaks_an_attempt(stored_app: Flask) -> None:
    machine = type("LifeHere", (Life,), {"app": stored_app})
    is_fast = "sqlite" in stored_app.config["SQLALCHEMY_DATABASE_URI"]

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40 if is_fast else 10,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
