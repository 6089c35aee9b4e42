"""What the page of a person shows, part by part, in words."""

from datetime import datetime

from flask import url_for
from flask_babel import gettext

from wechatlogin.models import Application, Attempt, Identity, Merge, MergeState, Session, User
from wechatlogin.services import (
    applications,
    attempts,
    consents,
    merge_pairs,
    persons,
    sessions,
    wechat_apps,
)
from wechatlogin.services.merge_pairs import Conflict, Pair
from wechatlogin.web import people, permissions, words
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import attempt_words, audit_words, merge_words

Row = dict[str, object]


def get_head(user: User, *, now: datetime) -> Row:
    """Return who it is."""
    first = people.get_shown_identity(user)
    never = gettext("从未登录")
    return {
        "id": user.id,
        "nickname": (first and first.nickname) or gettext("微信用户"),
        "avatar_url": first and first.avatar_url,
        "created_text": words.moment(user.created_at, now=now),
        "last_login_text": words.moment(user.last_login_at, now=now)
        if user.last_login_at
        else never,
        "banned_text": words.moment(user.banned_at, now=now) if user.banned_at else None,
        "notice_text": _notice(user),
    }


def get_identities(user: User, *, now: datetime) -> list[Row]:
    """Return what each WeChat app calls the person."""
    names = _app_names()
    return [_identity(identity, names, now) for identity in user.identities]


def get_applications(user_id: str, *, now: datetime) -> list[Row]:
    """Return the applications that know the person, or that they have permitted to."""
    granted = {known.application.id: known for known in consents.get_all(user_id)}
    rows: list[Row] = []
    for known, application in persons.get_applications(user_id):
        consent = granted.pop(application.id, None)
        rows.append(
            {
                "name": application.name,
                "client_id": application.client_id,
                "sub": known.subject,
                "first_text": words.day(known.first_login_at),
                "last_text": words.moment(known.last_login_at, now=now),
                "granted": _granted(application, consent.scopes if consent else ()),
            }
        )
    return [
        *rows,
        *(
            {
                "name": known.application.name,
                "client_id": known.application.client_id,
                "sub": None,
                "first_text": words.day(known.since),
                "last_text": gettext("从未登录"),
                "granted": _granted(known.application, known.scopes),
            }
            for known in granted.values()
        ),
    ]


def get_sessions(user_id: str, *, now: datetime) -> list[Row]:
    """Return where the person is logged in now."""
    live = sessions.get_all(user_id, current_site().settings, now=now)
    names = {row.id: row.name for row in applications.get_all()}
    return [_session(user_id, row, names, now) for row in live]


def get_attempts(rows: list[Attempt], *, now: datetime) -> list[Row]:
    """Return login attempts, and what became of them."""
    names = {row.id: row.name for row in applications.get_all()}
    return [
        {
            "at_text": words.moment(row.created_at, now=now),
            "way_text": words.way(row.way),
            "purpose_text": attempt_words.purpose(row.purpose),
            "application": names.get(row.application_id) if row.application_id else None,
            "state_text": attempt_words.state(row, attempts.status_at(row, now)),
            "state_kind": attempt_words.kind(attempts.status_at(row, now)),
            "why_text": attempt_words.why(row),
            "times_text": attempt_words.times(row),
            "browser": words.browser(row.browser),
            "ip": words.shorten_address(row.ip) if row.ip else "",
        }
        for row in rows
    ]


def get_merges(user_id: str, *, now: datetime) -> list[Row]:
    """Return the merges in which the person is one of the two."""
    return [merge(row, now=now) for row in persons.get_merges(user_id)]


def merge(row: Merge, *, now: datetime) -> Row:
    """Return one merge: who stays, who goes, why, and what can be done about it."""
    is_merged = row.state == MergeState.MERGED
    return {
        "id": row.id,
        "user_id": row.user_id,
        "user_url": url_for("operator_person.show", user_id=row.user_id),
        "other_id": row.other_user_id,
        "other_url": url_for("operator_person.show", user_id=row.other_user_id),
        "state_text": merge_words.state(row.state),
        "reason_text": merge_words.reason(row.reason),
        "conflict_text": merge_words.conflict(Conflict(row.conflict)) if row.conflict else None,
        "at_text": words.moment(row.decided_at or row.created_at, now=now),
        "by": row.decided_by,
        "compare_url": None
        if is_merged
        else url_for("operator_person.compare", user_id=row.user_id, other=row.other_user_id),
        "decide_url": url_for("operator_merges.decide", merge_id=row.id),
        "undo_url": url_for("operator_merges.undo", merge_id=row.id) if is_merged else None,
    }


def get_entries(user_id: str, *, now: datetime) -> list[Row]:
    """Return what was noted about the person last."""
    return [
        {
            "at_text": words.moment(row.at, now=now),
            "text": audit_words.tag(row.tag),
            "actor": row.actor,
            "detail": row.detail,
        }
        for row in persons.get_audit(user_id).rows
    ]


def get_sides(pair: Pair, *, now: datetime) -> list[Row]:
    """Return two users side by side, the one who stays first."""
    return [
        {
            **get_head(user, now=now),
            "role_text": gettext("保留") if user is pair.user else gettext("并入"),
            "url": url_for("operator_person.show", user_id=user.id),
            "identities": get_identities(user, now=now),
            "applications": get_applications(user.id, now=now),
        }
        for user in (pair.user, pair.other)
    ]


def get_conflicts(pair: merge_pairs.Pair) -> list[str]:
    """Return what speaks against the two being one person."""
    return [merge_words.conflict(conflict) for conflict in pair.conflicts]


def _notice(user: User) -> str | None:
    if user.notice_version is None or user.notice_accepted_at is None:
        return None
    return gettext(
        "%(date)s 同意了第 %(version)s 版",
        date=words.day(user.notice_accepted_at),
        version=user.notice_version,
    )


def _identity(identity: Identity, names: dict[str, str], now: datetime) -> Row:
    since = identity.follows_since
    return {
        "app_name": names.get(identity.appid, identity.appid),
        "openid": identity.openid,
        "unionid": identity.unionid,
        "nickname": identity.nickname or gettext("微信用户"),
        "follows_text": words.follows(identity.follows),
        "since_text": words.moment(since, now=now) if since else None,
        "created_text": words.day(identity.created_at),
    }


def _session(user_id: str, row: Session, names: dict[int, str], now: datetime) -> Row:
    return {
        "public_id": row.public_id,
        "browser": words.browser(row.browser),
        "application": names.get(row.application_id) if row.application_id else None,
        "way_text": words.way(row.way),
        "ip": words.shorten_address(row.ip) if row.ip else "",
        "last_seen_text": words.moment(row.last_seen_at, now=now),
        "end_url": url_for("operator_person.end_session", user_id=user_id, public_id=row.public_id),
    }


def _granted(application: Application, scopes: tuple[str, ...]) -> str:
    if application.is_first_party:
        return gettext("自有应用，不询问")
    labels = [permission.label for permission in permissions.get_permissions(scopes)]
    return " · ".join(labels) or gettext("没有许可")


def _app_names() -> dict[str, str]:
    return {row.appid: row.name for row in wechat_apps.get_all()}
