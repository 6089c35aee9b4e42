"""The people: who they are, and finding one of them.

GET  /operator/people                    the newest first; `q` looks for somebody, `list` names a
                                         list: all, banned, following, not_following, or
                                         `app:` with a client id
     /operator/people/<id>               one person (`person`)
     /operator/people/merges             who may be one person (`merges`)
"""

from datetime import datetime

from flask import render_template, url_for
from flask_babel import gettext

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest
from wechatlogin.models import User
from wechatlogin.services import applications, merge_records, people_search, wechat_apps
from wechatlogin.services.paging import Page, Place
from wechatlogin.services.people_search import Kind
from wechatlogin.web import people, words
from wechatlogin.web.operator import desk
from wechatlogin.web.parameters import get_single

bp = desk.blueprint("people", __name__, "/people")

#: What stands before a client id in `list`.
_APPLICATION = "app:"


@bp.get("")
def show_all() -> str:
    # PostgreSQL keeps no NUL, so nothing has one.
    text = (get_single("q") or "").replace("\0", "").strip()
    name = get_single("list") or Kind.ALL
    if text:
        found = people_search.search(text)
        return _page(Page(found.people, None), text=text, name=name, has_more=found.has_more)
    return _page(_list(name, Place.read(get_single("after"))), text="", name=name, has_more=False)


def _list(name: str, after: Place | None) -> Page[User]:
    if name.startswith(_APPLICATION):
        application = applications.verify(name.removeprefix(_APPLICATION))
        return people_search.get_page_of_application(application.id, after=after)
    if name not in set(Kind):
        raise InvalidRequest
    return people_search.get_page(Kind(name), after=after)


def _page(page: Page[User], *, text: str, name: str, has_more: bool) -> str:
    now, waiting = clock.now(), merge_records.count_waiting()
    names = {row.appid: row.name for row in wechat_apps.get_all()}
    return render_template(
        "operator/people.html",
        people=[_person(user, names, now) for user in page.rows],
        text=text,
        list=name,
        lists=_lists(),
        has_more=has_more,
        action=url_for(".show_all"),
        clear_url=url_for(".show_all") if text or name != Kind.ALL else None,
        notice=gettext("用户数据已删除。") if get_single("done") == "deleted" else None,
        merges_url=url_for("operator_merges.show_all"),
        merges_text=gettext("%(count)s 对等待决定", count=waiting) if waiting else None,
        first_url=url_for(".show_all", list=name) if get_single("after") else None,
        next_url=url_for(".show_all", list=name, after=str(page.end)) if page.end else None,
    )


def _lists() -> list[tuple[str, str]]:
    """Return every list with its words, as the form offers them."""
    return [
        (Kind.ALL, gettext("全部")),
        (Kind.BANNED, gettext("已封禁")),
        (Kind.FOLLOWING, gettext("已关注公众号")),
        (Kind.NOT_FOLLOWING, gettext("未关注公众号")),
        *(
            (_APPLICATION + row.client_id, gettext("应用：%(name)s", name=row.name))
            for row in applications.get_all()
        ),
    ]


def _person(user: User, names: dict[str, str], now: datetime) -> dict[str, object]:
    first = people.get_shown_identity(user)
    return {
        "id": user.id,
        "url": url_for("operator_person.show", user_id=user.id),
        "nickname": (first and first.nickname) or gettext("微信用户"),
        "avatar_url": first and first.avatar_url,
        "accounts": [
            {
                "name": names.get(identity.appid, identity.appid),
                "follows_text": words.follows(identity.follows),
            }
            for identity in user.identities
        ],
        "created_text": words.day(user.created_at),
        "last_login_text": words.moment(user.last_login_at, now=now)
        if user.last_login_at
        else gettext("从未登录"),
        "is_banned": user.banned_at is not None,
    }
