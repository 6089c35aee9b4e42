"""Remembering pushes: WeChat sends one up to three times, and anybody may send a copy.

new                        it is worked on, and its reply is kept
the same push again        the same reply; while the first is still at work, its end is awaited;
                           if that has failed or was cut off, it is worked on anew
a known signature with
another body               refused: in plain mode the signature does not cover the body

Whoever passes a push on to another program claims it before, so that it goes there once.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from wechatlogin import metrics
from wechatlogin.errors import PushRefused
from wechatlogin.extensions import db
from wechatlogin.models import Forwarded, ReceivedMessage
from wechatlogin.models.transaction import after_commit, count_changed, repeatable, write
from wechatlogin.vault import Vault
from wechatlogin.wechat.messages import PassiveReply, Push

#: WeChat gives up on an answer after 5 s.
PATIENCE_SECONDS = 3.5
#: Whoever has not answered by then never will.
WORK_LIMIT = timedelta(seconds=4)
LOOK_AGAIN_SECONDS = 0.05
# Before a kept reply that is a whole message. No text that a chat can carry begins with it.
_XML_MARK = "\x00"

_KNOWN = select(ReceivedMessage).where(
    ReceivedMessage.appid == bindparam("appid"),
    or_(
        ReceivedMessage.dedupe_key == bindparam("dedupe_key"),
        ReceivedMessage.signature == bindparam("signature"),
    ),
)

_NOTED = insert(cast(Table, ReceivedMessage.__table__))
_ANSWERED = (
    update(ReceivedMessage)
    .where(ReceivedMessage.id == bindparam("row_id"))
    .values(sealed_reply=bindparam("reply"), answered_at=bindparam("now"))
    .execution_options(synchronize_session=False)
)
_FORWARDED = _ANSWERED.values(forwarded=bindparam("taken"))


@dataclass(frozen=True)
class Receipt:
    """A push as it was noted; `is_new` says whether it is ours to work on."""

    id: int
    is_new: bool


@repeatable
def note(appid: str, push: Push, *, now: datetime) -> Receipt:
    """Note a push.

    :raise PushRefused: if its signature came with another body before.
    """
    known = _get(appid, push)
    if known is None:
        row = ReceivedMessage(**_known_by(appid, push), received_at=now)
        try:
            with write() as session:
                session.add(row)
                _count_new(push)
            return Receipt(row.id, is_new=True)
        except IntegrityError:
            # Another process has noted it a moment ago.
            known = _get(appid, push)
    if known is None or (known.signature == push.signature and known.body_hash != push.body_sha256):
        raise PushRefused("known signature with another body")
    metrics.PUSHES.labels(known.kind, "repeated").inc()
    return Receipt(known.id, is_new=_take_over(known, now))


def note_answered(
    vault: Vault, appid: str, push: Push, reply: PassiveReply, *, now: datetime
) -> None:
    """Note a push with its reply, as a part of the unit of writes in which it is worked on.

    :raise IntegrityError: if it, or its signature, is known.
    """
    times = {"received_at": now, "answered_at": now}
    sealed = {"sealed_reply": _seal(vault, reply)}
    db.session.execute(_NOTED, {**_known_by(appid, push), **sealed, **times})
    _count_new(push)


@repeatable
def forget(receipt: Receipt) -> None:
    """Forget a push that could not be worked on, so that its retry is."""
    with write() as session:
        session.execute(delete(ReceivedMessage).where(ReceivedMessage.id == receipt.id))


@repeatable
def claim_forwarding(receipt: Receipt) -> bool:
    """Take a push to pass it on, and tell whether nobody has done so before.

    It is written down as failed; `keep_reply` corrects that.
    """
    unclaimed = (ReceivedMessage.id == receipt.id, ReceivedMessage.forwarded.is_(None))
    with write():
        failed = update(ReceivedMessage).where(*unclaimed).values(forwarded=Forwarded.FAILED)
        return count_changed(failed) == 1


@repeatable
def keep_reply(
    vault: Vault,
    receipt: Receipt,
    reply: PassiveReply | None,
    *,
    forwarded: Forwarded | None = None,
    now: datetime,
) -> None:
    """Keep the reply to a push for its retries; None is the answer that says nothing.

    `forwarded` is how another program took the push, if this worker has passed it on.
    """
    kept = {"row_id": receipt.id, "reply": _seal(vault, reply), "now": now}
    with write() as session:
        if forwarded is None:
            session.execute(_ANSWERED, kept)
        else:
            session.execute(_FORWARDED, {**kept, "taken": forwarded})


def await_reply(vault: Vault, receipt: Receipt) -> PassiveReply | None:
    """Return the reply to a push that is known, once it is there; None when it takes too long."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        db.session.commit()
        row = db.session.get(ReceivedMessage, receipt.id, populate_existing=True)
        if row is not None and row.answered_at is not None:
            return _open(vault, row.sealed_reply)
        time.sleep(LOOK_AGAIN_SECONDS)
    return None


def _known_by(appid: str, push: Push) -> dict[str, str]:
    return {
        "appid": appid,
        "dedupe_key": push.dedupe_key,
        "signature": push.signature,
        "body_hash": push.body_sha256,
        "kind": type(push).__name__,
    }


def _count_new(push: Push) -> None:
    after_commit(metrics.PUSHES.labels(type(push).__name__, "received").inc)


def _seal(vault: Vault, reply: PassiveReply | None) -> str | None:
    if reply is None:
        return None
    return vault.seal(_XML_MARK + reply.text if reply.is_xml else reply.text)


def _open(vault: Vault, sealed: str | None) -> PassiveReply | None:
    if sealed is None:
        return None
    text = vault.open(sealed)
    return PassiveReply(text.removeprefix(_XML_MARK), is_xml=text.startswith(_XML_MARK))


@repeatable
def _take_over(known: ReceivedMessage, now: datetime) -> bool:
    """Take over a push whose first worker has been cut off; only one caller gets it."""
    cut_off = (
        ReceivedMessage.id == known.id,
        ReceivedMessage.answered_at.is_(None),
        ReceivedMessage.received_at < now - WORK_LIMIT,
    )
    with write():
        return count_changed(update(ReceivedMessage).where(*cut_off).values(received_at=now)) == 1


def _get(appid: str, push: Push) -> ReceivedMessage | None:
    wanted = {"appid": appid, "dedupe_key": push.dedupe_key, "signature": push.signature}
    # A row that shares the signature decides: that is where a replay shows.
    rows = list(db.session.scalars(_KNOWN, wanted))
    return next((row for row in rows if row.signature == push.signature), rows[0] if rows else None)
