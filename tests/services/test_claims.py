"""What an application learns of a person: by scope, by its WeChat apps, and nothing made up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from tests.stories import an_account
from wechatlogin.models import Application, Identity, SubjectType, WeChatAppRow
from wechatlogin.models.transaction import write
from wechatlogin.services import accounts, application_users, applications
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.claims import CLAIMS_OF, get_claims
from wechatlogin.services.site import Site
from wechatlogin.wechat.profile import Profile

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ALL = "openid profile email offline_access wechat"
AVATAR = "https://thirdwx.qlogo.cn/mmopen/lin/132"
SERVICE, WEBSITE = "wx0000000000000001", "wx0000000000000002"
UNIONID = "o-union"

Meet = Callable[..., Identity]


@pytest.fixture
def rows(storage: Site) -> dict[str, WeChatAppRow]:
    return {appid: an_account(storage, now=NOW, appid=appid) for appid in (SERVICE, WEBSITE)}


@pytest.fixture
def meet(rows: dict[str, WeChatAppRow]) -> Meet:
    """Meet a person in one app; `user_id` makes it one more identity of somebody known."""

    def _meet(appid: str = SERVICE, openid: str = "o-lin", **more: Any) -> Identity:
        user_id, nickname = more.pop("user_id", None), more.pop("nickname", None)
        profile = nickname and Profile(openid, None, nickname, AVATAR)
        sighting = Sighting(openid, profile=profile, **more)
        identity = accounts.find_or_create_identity(rows[appid], sighting, now=NOW)
        if user_id:
            with write() as session:
                theirs = update(Identity).where(Identity.id == identity.id)
                session.execute(theirs.values(user_id=user_id))
        return identity

    return _meet


def an_application(site: Site, **more: Any) -> Application:
    new = replace(NewApplication("林记书店", scopes=tuple(ALL.split())), **more)
    made = applications.create(site.vault, new, now=NOW)
    return applications.verify(made.client_id)


def test_all_that_is_known_is_told_to_whom_everything_was_granted(
    storage: Site, meet: Meet
) -> None:
    lin = meet(nickname="林小满", language="zh_CN", unionid=UNIONID, follows=True)

    claims = get_claims(an_application(storage), lin.user_id, ALL)

    assert claims == {
        "sub": lin.user_id,
        "name": "林小满",
        "nickname": "林小满",
        "preferred_username": f"wx_{lin.user_id[:12]}",
        "picture": AVATAR,
        "locale": "zh-CN",
        "updated_at": int(NOW.timestamp()),
        "email": f"{lin.user_id}@wechat.invalid",
        "email_verified": False,
        "openid": "o-lin",
        "unionid": UNIONID,
        "appid": SERVICE,
        "follows": True,
    }


@pytest.mark.parametrize("scope", list(CLAIMS_OF))
def test_each_scope_tells_its_own_claims_and_sub(storage: Site, meet: Meet, scope: str) -> None:
    lin = meet(nickname="林小满", language="en", unionid=UNIONID, follows=False)

    claims = get_claims(an_application(storage), lin.user_id, scope)

    assert claims.keys() == {"sub", *CLAIMS_OF[scope]}


def test_of_somebody_who_has_told_nothing_nothing_is_made_up(storage: Site, meet: Meet) -> None:
    lin = meet()

    claims = get_claims(an_application(storage), lin.user_id, "openid profile wechat")

    assert claims == {
        "sub": lin.user_id,
        "preferred_username": f"wx_{lin.user_id[:12]}",
        "updated_at": int(NOW.timestamp()),
        "openid": "o-lin",
        "appid": SERVICE,
    }


def test_a_scope_that_the_application_may_not_have_any_more_tells_nothing(
    storage: Site, meet: Meet
) -> None:
    lin = meet(nickname="林小满")

    claims = get_claims(an_application(storage, scopes=("openid",)), lin.user_id, ALL)

    assert claims == {"sub": lin.user_id}


def test_the_sub_is_the_one_that_the_application_knows_the_person_by(
    storage: Site, meet: Meet
) -> None:
    lin = meet()
    pairwise = {"subject_type": SubjectType.PAIRWISE}
    one, other = an_application(storage, **pairwise), an_application(storage, **pairwise)
    application_users.find_or_create(one.id, lin.user_id, now=NOW)
    kept = application_users.get(one.id, lin.user_id)
    assert kept

    claims = get_claims(one, lin.user_id, ALL)
    elsewhere = get_claims(other, lin.user_id, ALL)

    assert claims["sub"] == kept.subject
    assert claims["email"] == f"{kept.subject}@wechat.invalid"
    assert claims["preferred_username"] == f"wx_{kept.subject[:12]}"
    assert lin.user_id not in str(claims)
    assert claims["sub"] != elsewhere["sub"]


def test_a_person_who_was_merged_keeps_the_sub(storage: Site, meet: Meet) -> None:
    application, gone, stays = an_application(storage), meet(), meet(WEBSITE, "o-website")
    known = application_users.find_or_create(application.id, gone.user_id, now=NOW)
    with write() as session:
        known.user_id = stays.user_id
        session.add(known)

    claims = get_claims(application, stays.user_id, "openid")

    assert claims == {"sub": gone.user_id}


@pytest.mark.parametrize(
    ("template", "email"),
    [
        ("{sub}@wechat.invalid", "SUB@wechat.invalid"),
        ("wx-{sub}@people.example.com", "wx-SUB@people.example.com"),
    ],
    ids=["default", "own domain"],
)
def test_the_email_follows_the_applications_template(
    storage: Site, meet: Meet, template: str, email: str
) -> None:
    lin = meet()

    claims = get_claims(
        an_application(storage, email_template=template), lin.user_id, "openid email"
    )

    assert claims["email"] == email.replace("SUB", lin.user_id)
    assert claims["email_verified"] is False


def test_without_a_template_there_is_no_email(storage: Site, meet: Meet) -> None:
    lin = meet()

    claims = get_claims(an_application(storage, email_template=None), lin.user_id, ALL)

    assert not {"email", "email_verified"} & claims.keys()


def test_the_first_of_the_applications_apps_tells_the_openid(storage: Site, meet: Meet) -> None:
    lin = meet()
    meet(WEBSITE, "o-website", user_id=lin.user_id)

    any_app = get_claims(an_application(storage), lin.user_id, "wechat")
    own_order = get_claims(
        an_application(storage, appids=(WEBSITE, SERVICE)), lin.user_id, "wechat"
    )

    assert (any_app["appid"], any_app["openid"]) == (SERVICE, "o-lin")
    assert (own_order["appid"], own_order["openid"]) == (WEBSITE, "o-website")


def test_who_has_a_nickname_in_another_app_is_known_by_that_one(storage: Site, meet: Meet) -> None:
    lin = meet()
    meet(WEBSITE, "o-website", user_id=lin.user_id, nickname="林小满")

    claims = get_claims(an_application(storage), lin.user_id, ALL)

    assert (claims["name"], claims["picture"]) == ("林小满", AVATAR)
    assert claims["openid"] == "o-lin"


def test_of_two_identities_in_one_app_the_older_one_counts(storage: Site, meet: Meet) -> None:
    lin = meet(nickname="大号")
    meet(SERVICE, "o-second", user_id=lin.user_id, nickname="小号")

    claims = get_claims(an_application(storage), lin.user_id, ALL)

    assert (claims["openid"], claims["name"]) == ("o-lin", "大号")


def test_an_identity_in_somebody_elses_app_is_not_told(storage: Site, meet: Meet) -> None:
    lin = meet(WEBSITE, "o-website", nickname="林小满")

    claims = get_claims(an_application(storage, appids=(SERVICE,)), lin.user_id, ALL)

    assert claims.keys() == {"sub", "preferred_username", "email", "email_verified"}


def test_updated_at_follows_the_profile(storage: Site, meet: Meet) -> None:
    lin = meet(nickname="林小满")
    accounts.clear_profile(SERVICE, "o-lin", now=LATER)

    claims = get_claims(an_application(storage), lin.user_id, "profile")

    assert claims["updated_at"] == int(LATER.timestamp())
    assert not {"name", "nickname", "picture"} & claims.keys()


@given(
    nickname=st.one_of(st.none(), st.just(""), st.text(min_size=1, max_size=8)),
    avatar_url=st.sampled_from([None, "", AVATAR]),
    unionid=st.sampled_from([None, UNIONID]),
    follows=st.sampled_from([None, True, False]),
    language=st.sampled_from([None, "zh_CN", "en"]),
    template=st.sampled_from([None, "{sub}@wechat.invalid"]),
    scopes=st.sets(st.sampled_from(sorted(CLAIMS_OF))),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_claim_is_ever_empty(
    storage: Site, meet: Meet, template: str | None, scopes: set[str], **known: Any
) -> None:
    lin = meet()
    with write() as session:
        session.execute(update(Identity).where(Identity.id == lin.id).values(**known))

    application = an_application(storage, email_template=template)
    claims = get_claims(application, lin.user_id, " ".join(sorted(scopes)))

    assert all(value is not None and value != "" for value in claims.values())
    assert claims.keys() <= {"sub", *(name for scope in scopes for name in CLAIMS_OF[scope])}
    assert claims["sub"]
