"""Everything that is stored about a person, for themselves or for an operator who hands it on.

It holds no secret, no hash, and nobody else's data: of operators only that it was one, of other
users nothing.
"""

from datetime import datetime

from sqlalchemy import select

from wechatlogin.errors import UserUnknown
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    ApplicationUser,
    Attempt,
    AuditEntry,
    AuditTag,
    Consent,
    Identity,
    Merge,
    MergeState,
    SentMessage,
    Session,
    User,
    WeChatAppRow,
)
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit, users
from wechatlogin.services.audit import Actor
from wechatlogin.services.export_document import (
    FORMAT,
    ApplicationPart,
    AttemptPart,
    AuditPart,
    Export,
    IdentityPart,
    MergePart,
    MessagePart,
    Notice,
    PersonPart,
    SessionPart,
)

#: Their details name another user.
_ABOUT_TWO = frozenset(
    {
        AuditTag.USER_MERGE_WAITING,
        AuditTag.USER_KEPT_APART,
        # Whoever is still one person finds the former id in `merges`.
        AuditTag.USER_MERGED,
        AuditTag.USER_MERGE_UNDONE,
    }
)


@repeatable
def export(user_id: str, *, by: Actor | None, now: datetime) -> Export:
    """Return all that is stored about a person; `by` is the operator, or None for themselves.

    :raise UserUnknown: if there is no such person.
    """
    living = users.resolve_user_id(user_id)
    user = db.session.get(User, living) if living else None
    if user is None:
        raise UserUnknown
    clients = {row.id: row for row in db.session.scalars(select(Application))}
    made = Export(
        format=FORMAT,
        exported_at=now,
        person=_person(user),
        identities=_identities(user),
        sessions=_sessions(user.id, clients),
        applications=_applications(user.id, clients),
        attempts=_attempts(user.id, clients),
        messages=_messages(user.id),
        merges=_merges(user.id),
        audit=_audit(user.id),
    )
    with write():
        audit.record(
            AuditTag.USER_EXPORTED,
            user_id=user.id,
            actor=by.name if by else None,
            ip=by.ip if by else None,
            now=now,
        )
    return made


def _person(user: User) -> PersonPart:
    version = user.notice_version
    notice = Notice(version, user.notice_accepted_at) if version is not None else None
    return PersonPart(user.id, user.created_at, user.last_login_at, user.banned_at, notice)


def _identities(user: User) -> list[IdentityPart]:
    names = {row.appid: row.name for row in db.session.scalars(select(WeChatAppRow))}
    return [
        IdentityPart(
            appid=row.appid,
            account=names.get(row.appid),
            openid=row.openid,
            unionid=row.unionid,
            nickname=row.nickname,
            avatar_url=row.avatar_url,
            language=row.language,
            follows=row.follows,
            follows_since=row.follows_since,
            follows_checked_at=row.follows_checked_at,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in user.identities
    ]


def _sessions(user_id: str, clients: dict[int, Application]) -> list[SessionPart]:
    query = select(Session).where(Session.user_id == user_id).order_by(Session.created_at)
    return [
        SessionPart(
            application=_client_id(row.application_id, clients),
            way=row.way,
            browser=row.browser,
            ip=row.ip,
            auth_time=row.auth_time,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
        )
        for row in db.session.scalars(query)
    ]


def _applications(user_id: str, clients: dict[int, Application]) -> list[ApplicationPart]:
    """Return the applications by which the person came, and those with a consent alone."""
    known_by = select(ApplicationUser).where(ApplicationUser.user_id == user_id)
    known = {row.application_id: row for row in db.session.scalars(known_by)}
    consented = select(Consent).where(Consent.user_id == user_id)
    consents = {row.application_id: row for row in db.session.scalars(consented)}
    parts = []
    for application_id in sorted(known.keys() | consents.keys()):
        row, consent = known.get(application_id), consents.get(application_id)
        parts.append(
            ApplicationPart(
                client_id=clients[application_id].client_id,
                name=clients[application_id].name,
                sub=row.subject if row else None,
                first_login_at=row.first_login_at if row else None,
                last_login_at=row.last_login_at if row else None,
                granted=consent.scope.split() if consent else [],
                granted_at=consent.granted_at if consent else None,
            )
        )
    return parts


def _attempts(user_id: str, clients: dict[int, Application]) -> list[AttemptPart]:
    query = select(Attempt).where(Attempt.user_id == user_id)
    return [
        AttemptPart(
            way=row.way,
            purpose=row.purpose,
            status=row.status,
            failure=row.failure,
            application=_client_id(row.application_id, clients),
            browser=row.browser,
            ip=row.ip,
            created_at=row.created_at,
            scanned_at=row.scanned_at,
            confirmed_at=row.confirmed_at,
            claimed_at=row.claimed_at,
        )
        for row in db.session.scalars(query.order_by(Attempt.created_at, Attempt.id))
    ]


def _messages(user_id: str) -> list[MessagePart]:
    query = select(SentMessage).join(Identity, Identity.id == SentMessage.identity_id)
    rows = db.session.scalars(query.where(Identity.user_id == user_id).order_by(SentMessage.id))
    return [MessagePart(row.appid, row.channel, row.state, row.created_at) for row in rows]


def _merges(user_id: str) -> list[MergePart]:
    query = select(Merge).where(Merge.user_id == user_id, Merge.state == MergeState.MERGED)
    rows = db.session.scalars(query.order_by(Merge.id))
    return [MergePart(row.other_user_id, row.reason, row.decided_at) for row in rows]


def _audit(user_id: str) -> list[AuditPart]:
    # What was noted before a merge keeps the id that it was noted under.
    ids = [user_id, *(one.former_id for one in _merges(user_id))]
    query = select(AuditEntry).where(AuditEntry.user_id.in_(ids))
    return [
        AuditPart(
            at=row.at,
            event=row.tag,
            by="person" if row.actor is None else "operator",
            # An operator's address is the operator's.
            ip=row.ip if row.actor is None else None,
            detail=None if row.tag in _ABOUT_TWO else row.detail,
        )
        for row in db.session.scalars(query.order_by(AuditEntry.at, AuditEntry.id))
    ]


def _client_id(application_id: int | None, clients: dict[int, Application]) -> str | None:
    application = clients.get(application_id) if application_id is not None else None
    return application.client_id if application else None
