"""What moves from one user to another in a merge, and what goes back when it is undone.

identities                       noted, so that those still there can go back
sessions, attempts               attempts go back with their identity; sessions end
consents                         those of the one who stays count; nothing goes back
application_users                one row where both were known: the earliest first login, the
                                 latest last one; both originals are noted
operators                        an operator's link goes to the one who stays, unless they have
                                 one themselves; it goes back if it is still there
merges                           those of the user who goes are written under the one who stays

The notes are `Merge.moved`: lists of whole numbers; moments are microseconds since 1970.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import InstrumentedAttribute

from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    ApplicationUser,
    Attempt,
    AuthorizationCode,
    Consent,
    Identity,
    Merge,
    MergeState,
    Operator,
    Session,
    WebhookDelivery,
)
from wechatlogin.services import application_users

Notes = dict[str, list[int]]
#: The first login to an application and the last one.
Logins = tuple[datetime, datetime]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def move_all(other_id: str, user_id: str, *, merge_id: int | None = None) -> Notes:
    """Give all that is `other_id`'s to `user_id` and return what it was; the row itself stays.

    `merge_id` is the merge that is being done; it alone stays between the two.
    """
    identities = _ids(select(Identity.id).where(Identity.user_id == other_id))
    for column in (Identity.user_id, Session.user_id, Attempt.user_id, Attempt.link_user_id):
        _rewrite(column, other_id, user_id)
    _rewrite(AuthorizationCode.user_id, other_id, user_id)
    _rewrite(WebhookDelivery.user_id, other_id, user_id)
    _move_consents(other_id, user_id)
    return {
        "identities": identities,
        **_move_applications(other_id, user_id),
        **_move_operator(other_id, user_id),
        **_move_merges(other_id, user_id, merge_id),
    }


def give_back(merge: Merge, identities: list[int]) -> None:
    """Give these identities and all that was noted back to the user who was merged."""
    user_id, other_id, notes = merge.user_id, merge.other_user_id, merge.moved
    for identity in db.session.scalars(select(Identity).where(Identity.id.in_(identities))):
        move_identity(identity, other_id)
    _give_back_applications(user_id, other_id, notes)
    # Unless it has been taken away since.
    is_theirs = (Operator.id.in_(notes.get("operators", [])), Operator.user_id == user_id)
    db.session.execute(update(Operator).where(*is_theirs).values(user_id=other_id))
    for name, column in (("merges", Merge.user_id), ("merges_other", Merge.other_user_id)):
        noted = notes.get(name, [])
        db.session.execute(
            update(Merge)
            .where(Merge.id.in_(noted), column == user_id)
            .values({column.key: other_id})
        )


def move_identity(identity: Identity, user_id: str) -> None:
    """Give one identity to another user, with the attempts in which it showed who somebody is."""
    db.session.execute(
        update(Attempt)
        .where(
            Attempt.appid == identity.appid,
            Attempt.openid == identity.openid,
            Attempt.user_id == identity.user_id,
        )
        .values(user_id=user_id)
    )
    identity.user_id = user_id
    db.session.flush()


def get_between(first_id: str, second_id: str) -> Merge | None:
    """Return what is on record between two users; a decision counts for more than a proposal."""
    pair = (first_id, second_id)
    query = select(Merge).where(
        Merge.state != MergeState.MERGED,
        Merge.user_id.in_(pair),
        Merge.other_user_id.in_(pair),
    )
    query = query.execution_options(populate_existing=True)
    found = sorted(
        db.session.scalars(query), key=lambda row: (row.state == MergeState.WAITING, row.id)
    )
    return found[0] if found else None


def _move_applications(other_id: str, user_id: str) -> Notes:
    theirs, ours = _known_by(other_id), _known_by(user_id)
    shared = [ours[application_id] for application_id in theirs if application_id in ours]
    notes = {
        **_noted("applications", list(theirs.values())),
        **_noted("shared_applications", shared),
    }
    for row in shared:
        their = theirs.pop(row.application_id)
        row.first_login_at = min(row.first_login_at, their.first_login_at)
        row.last_login_at = max(row.last_login_at, their.last_login_at)
        db.session.delete(their)
    db.session.flush()
    _rewrite(ApplicationUser.user_id, other_id, user_id)
    return notes


def _move_consents(other_id: str, user_id: str) -> None:
    """Keep what the one who stays has said; a merge that is undone asks the other again."""
    said = select(Consent.application_id).where(Consent.user_id == user_id)
    repeated = set(db.session.scalars(said))
    theirs = delete(Consent).where(
        Consent.user_id == other_id, Consent.application_id.in_(repeated)
    )
    db.session.execute(theirs)
    _rewrite(Consent.user_id, other_id, user_id)


def _move_operator(other_id: str, user_id: str) -> Notes:
    """Let the WeChat of the one who goes open an operator's pages as before.

    Nobody is two operators: who stays and is one remains that one.
    """
    is_operator = select(Operator.id).where(Operator.user_id == user_id)
    if db.session.scalar(is_operator) is not None:
        return {}
    noted = _ids(select(Operator.id).where(Operator.user_id == other_id))
    _rewrite(Operator.user_id, other_id, user_id)
    return {"operators": noted}


def _give_back_applications(user_id: str, other_id: str, notes: Notes) -> None:
    ours, shared = _known_by(user_id), _read(notes, "shared_applications")
    existing = set(db.session.scalars(select(Application.id)))
    for application_id, theirs in _read(notes, "applications").items():
        if application_id not in existing:
            continue
        if application_id in ours:
            _take_apart(ours[application_id], shared.get(application_id), theirs)
            # The other's `sub` is free again before it is given back.
            db.session.flush()
        db.session.add(
            ApplicationUser(
                application_id=application_id,
                user_id=other_id,
                subject=application_users.subject_of(application_id, other_id),
                first_login_at=theirs[0],
                last_login_at=theirs[1],
            )
        )
    db.session.flush()


def _take_apart(row: ApplicationUser, own: Logins | None, theirs: Logins) -> None:
    """Leave to the user who stays what was theirs, and what they have done since the merge."""
    # Who has logged in since the merge is known there under the id that stayed.
    is_unused = row.last_login_at == max(theirs[1], own[1] if own else theirs[1])
    if own:
        row.first_login_at = own[0]
        row.last_login_at = own[1] if is_unused else row.last_login_at
    elif is_unused:
        db.session.delete(row)
    else:
        row.subject = application_users.subject_of(row.application_id, row.user_id)


def _move_merges(other_id: str, user_id: str, merge_id: int | None) -> Notes:
    """Write the other user's merges under the one who stays; none is left between the two."""
    pair = (other_id, user_id)
    db.session.execute(
        delete(Merge).where(
            Merge.state != MergeState.MERGED,
            Merge.user_id.in_(pair),
            Merge.other_user_id.in_(pair),
            Merge.id != (merge_id or 0),
        )
    )
    # What was merged into them keeps the id that it had, so that it is still found by it.
    is_open = Merge.state != MergeState.MERGED
    noted = {
        "merges": _ids(select(Merge.id).where(Merge.user_id == other_id, Merge.id != merge_id)),
        "merges_other": _ids(
            select(Merge.id).where(Merge.other_user_id == other_id, is_open, Merge.id != merge_id)
        ),
    }
    for name, column in (("merges", Merge.user_id), ("merges_other", Merge.other_user_id)):
        db.session.execute(
            update(Merge).where(Merge.id.in_(noted[name])).values({column.key: user_id})
        )
    return noted


def _rewrite(column: InstrumentedAttribute[Any], old: str, new: str) -> None:
    statement = update(column.class_).where(column == old).values({column.key: new})
    db.session.execute(statement.execution_options(synchronize_session=False))


def _ids(query: Select[Any]) -> list[int]:
    return list(db.session.scalars(query.order_by("id")))


def _known_by(user_id: str) -> dict[int, ApplicationUser]:
    query = select(ApplicationUser).where(ApplicationUser.user_id == user_id)
    rows = db.session.scalars(query.execution_options(populate_existing=True))
    return {row.application_id: row for row in rows}


def _noted(name: str, rows: list[ApplicationUser]) -> Notes:
    return {
        name: [row.application_id for row in rows],
        f"{name}_first": [(row.first_login_at - EPOCH) // _MICROSECOND for row in rows],
        f"{name}_last": [(row.last_login_at - EPOCH) // _MICROSECOND for row in rows],
    }


def _read(notes: Notes, name: str) -> dict[int, Logins]:
    columns = (notes.get(key, []) for key in (name, f"{name}_first", f"{name}_last"))
    return {
        application_id: (EPOCH + first * _MICROSECOND, EPOCH + last * _MICROSECOND)
        for application_id, first, last in zip(*columns, strict=True)
    }
