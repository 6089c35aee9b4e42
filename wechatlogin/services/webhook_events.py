"""What applications are told of people by webhooks (docs/webhooks.md), one function an event.

Each runs in the unit of writes that it tells of. An application hears only of people whom it
knows, by the `sub` that it knows them by. WeChat's own names for them, and whether they follow,
are for those that may be granted the scope `wechat`.
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from wechatlogin.extensions import db
from wechatlogin.models import Application, ApplicationUser, Identity, WebhookEvent
from wechatlogin.services import application_identities, webhooks, wechat_apps

SCOPE = "wechat"

_LISTENING = (
    select(Application)
    .join(ApplicationUser)
    .where(ApplicationUser.user_id == bindparam("user_id"), Application.webhook_uri.is_not(None))
    .order_by(Application.id)
)
#: A login in several steps, such as one of OpenID Connect, is noted at each and told of once.
ONE_LOGIN = timedelta(minutes=1)


def note_login(known: ApplicationUser, *, now: datetime) -> None:
    """Tell an application that somebody logs in to it, and whether it is for the first time.

    The time of the login has not been noted yet.
    """
    is_first = known.first_login_at == known.last_login_at == now
    if not is_first and now - known.last_login_at < ONE_LOGIN:
        return
    application = db.session.get_one(Application, known.application_id)
    events = (WebhookEvent.USER_CREATED, WebhookEvent.USER_LOGIN)
    for event in events if is_first else events[1:]:
        if _wants(application, event):
            data = _describe(application, known)
            webhooks.write_down(application, event, data, user_id=known.user_id, now=now)


def note_merge(user_id: str, other_id: str, *, now: datetime) -> None:
    """Tell those that know both of two people that these are one; before they are merged.

    Who knows only one of them goes on knowing that one by the same `sub`.
    """
    subjects = {
        (known.application_id, known.user_id): known.subject
        for known in [*_get_known(user_id), *_get_known(other_id)]
    }
    for application in _get_applications(user_id, WebhookEvent.USER_MERGED):
        gone = subjects.get((application.id, other_id))
        if gone is not None:
            data = {"sub": subjects[application.id, user_id], "former_sub": gone}
            merged = WebhookEvent.USER_MERGED
            webhooks.write_down(application, merged, data, user_id=user_id, now=now)


def note_deletion(user_id: str, *, now: datetime) -> None:
    """Tell those that know a person that there is no such person any more; before it is so."""
    subjects = {known.application_id: known.subject for known in _get_known(user_id)}
    for application in _get_applications(user_id, WebhookEvent.USER_DELETED):
        data = {"sub": subjects[application.id]}
        deleted = WebhookEvent.USER_DELETED
        webhooks.write_down(application, deleted, data, user_id=user_id, now=now)


def note_follow(identity: Identity, former: bool | None, *, now: datetime) -> None:
    """Tell those that use the account whether a person follows it, if it has been otherwise."""
    follows = identity.follows
    if follows is former:
        return
    applications = _get_applications(identity.user_id, WebhookEvent.FOLLOW_CHANGED)
    known = _get_known(identity.user_id) if applications else []
    subjects = {one.application_id: one.subject for one in known}
    for application in applications:
        appids = [row.appid for row in wechat_apps.get_for(application)]
        if SCOPE in application.scopes and identity.appid in appids:
            data = {"sub": subjects[application.id], "follows": follows, **_names(identity)}
            changed = WebhookEvent.FOLLOW_CHANGED
            webhooks.write_down(application, changed, data, user_id=identity.user_id, now=now)


def _wants(application: Application, event: WebhookEvent) -> bool:
    return application.webhook_uri is not None and event in application.webhook_events


def _get_known(user_id: str) -> list[ApplicationUser]:
    query = select(ApplicationUser).where(ApplicationUser.user_id == user_id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def _get_applications(user_id: str, event: WebhookEvent) -> list[Application]:
    """Return the applications that know a person and want to hear of this."""
    listening = db.session.scalars(_LISTENING, {"user_id": user_id})
    return [one for one in listening if _wants(one, event)]


def _describe(application: Application, known: ApplicationUser) -> dict[str, object]:
    data: dict[str, object] = {"sub": known.subject}
    if SCOPE in application.scopes:
        identities = application_identities.get_all(application, known.user_id)
        data |= _names(identities[0]) if identities else {}
    return data


def _names(identity: Identity) -> dict[str, object]:
    names = {"appid": identity.appid, "openid": identity.openid, "unionid": identity.unionid}
    return {name: value for name, value in names.items() if value}
