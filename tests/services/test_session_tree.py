"""A program's session lives below its browser's: it moves with it, and is ended with it."""

from collections.abc import Callable

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, select

from tests.services.one_person import (
    LATER,
    LI,
    MUCH_LATER,
    NOW,
    an_app,
    count,
    log_in,
    merged,
    see,
)
from tests.services.session_tree import (
    CALLBACK,
    LIFETIME,
    a_child,
    a_shop,
    keys,
    noticed,
    start,
)
from tests.stories import a_browser, a_user
from wechatlogin.errors import CodeReused, TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    AuthorizationCode,
    Identity,
    LogoutNotice,
    Merge,
    Session,
    SubjectType,
)
from wechatlogin.models.transaction import write
from wechatlogin.services import (
    accounts,
    application_users,
    applications,
    authorization_codes,
    linking,
    merging,
    operator_logins,
    operators,
    refresh_tokens,
    sessions,
)
from wechatlogin.services.authorization_codes import Authorized
from wechatlogin.services.linking import Removal
from wechatlogin.services.site import Site
from wechatlogin.vault import sha256_hex


def of_identity(identity: Identity, site: Site) -> Session:
    token = log_in(site, identity)
    return db.session.get_one(Session, sha256_hex(token))


@pytest.fixture
def shop(storage: Site) -> Application:
    return a_shop(storage)


@pytest.fixture
def parent(storage: Site) -> Session:
    return start("browser", a_user(NOW))


def test_a_program_has_its_session_from_the_browsers(parent: Session, shop: Application) -> None:
    child = a_child(parent, shop)

    assert (child.parent_key, child.application_id) == (parent.key_hash, shop.id)
    assert (child.user_id, child.way, child.ip) == (parent.user_id, "scan", "203.0.113.7")
    assert (child.auth_time, child.created_at) == (NOW, LATER)
    assert child.browser == "书店"


def test_nothing_begins_from_a_session_that_has_ended(parent: Session, shop: Application) -> None:
    sessions.end("browser", now=NOW)

    with pytest.raises(TokenInvalid):
        a_child(parent, shop)


def test_logging_in_again_takes_the_programs_along(parent: Session, shop: Application) -> None:
    child = a_child(parent, shop)
    authorized = Authorized(shop, CALLBACK, "openid")
    code = authorization_codes.issue(parent, authorized, now=NOW).get_secret_value()

    again = start("again", parent.user_id or "", replaces="browser")

    assert keys() == {again.key_hash, child.key_hash}
    assert db.session.get_one(Session, child.key_hash, populate_existing=True).parent_key == (
        again.key_hash
    )
    row = authorization_codes.get(shop, code, now=NOW)
    assert row is not None
    assert authorization_codes.redeem(row, shop, now=NOW).parent_key == again.key_hash
    assert noticed() == []


def test_somebody_elses_login_ends_the_programs_of_the_one_before(
    parent: Session, shop: Application
) -> None:
    child = a_child(parent, shop)
    authorization_codes.issue(parent, Authorized(shop, CALLBACK, "openid"), now=NOW)

    other = start("other", a_user(NOW), replaces="browser")

    assert keys() == {other.key_hash}
    assert count(AuthorizationCode) == 0
    assert noticed() == [child.public_id]


def test_an_operators_login_ends_the_operators_session_before(storage: Site) -> None:
    operators.save("li", SecretStr("a long password"), now=NOW)
    password = SecretStr("a long password")
    first = operator_logins.log_in("li", password, browser=a_browser(), now=NOW).get_secret_value()

    again = operator_logins.log_in("li", password, browser=a_browser(session_token=first), now=NOW)

    assert keys() == {sha256_hex(again.get_secret_value())}


def test_logging_out_ends_every_program_and_writes_to_those_who_want_to_know(
    storage: Site, parent: Session, shop: Application
) -> None:
    told, deaf = a_child(parent, shop), a_child(parent, a_shop(storage, uri=None), "deaf")
    another = a_child(start("another browser", parent.user_id or ""), shop, "another child")

    sessions.end("browser", now=LATER)

    assert deaf.key_hash not in keys()
    assert keys() == {another.key_hash, another.parent_key}
    notice = db.session.scalars(select(LogoutNotice)).one()
    assert (notice.sid, notice.subject) == (told.public_id, parent.user_id)
    assert (notice.application_id, notice.created_at) == (shop.id, LATER)
    assert (notice.tries, notice.next_try_at, notice.delivered_at) == (0, LATER, None)


def test_a_program_is_told_of_a_person_by_the_name_it_has_for_them(
    storage: Site, parent: Session
) -> None:
    pairwise = a_shop(storage, subject_type=SubjectType.PAIRWISE)
    a_child(parent, pairwise)
    known = application_users.get(pairwise.id, parent.user_id or "")

    sessions.end("browser", now=LATER)

    assert known is not None
    assert known.subject != parent.user_id
    assert db.session.scalars(select(LogoutNotice.subject)).one() == known.subject


def test_ending_one_programs_session_leaves_the_others(
    storage: Site, parent: Session, shop: Application
) -> None:
    ended, other = a_child(parent, shop), a_child(parent, a_shop(storage), "other")

    assert sessions.end_one(parent.user_id or "", ended.public_id, now=LATER)

    assert keys() == {parent.key_hash, other.key_hash}
    assert noticed() == [ended.public_id]


def test_a_session_whose_time_is_over_ends_nothing(parent: Session, shop: Application) -> None:
    child = a_child(parent, shop)

    # Whoever clears expired rows away deletes them, and no more.
    with write() as database:
        database.execute(delete(Session).where(Session.key_hash == parent.key_hash))

    left = db.session.get_one(Session, child.key_hash, populate_existing=True)
    assert left.parent_key is None
    assert noticed() == []


def test_ending_a_persons_sessions_at_one_program_leaves_the_rest(
    storage: Site, parent: Session, shop: Application
) -> None:
    ended, other = a_child(parent, shop), a_child(parent, a_shop(storage), "other")
    strangers = a_child(start("stranger", a_user(NOW)), shop, "stranger's")

    sessions.end_of_application(parent.user_id or "", shop.id, now=LATER)

    assert {parent.key_hash, other.key_hash, strangers.key_hash} <= keys()
    assert noticed() == [ended.public_id]


def test_many_sessions_are_ended_in_several_strokes(
    monkeypatch: pytest.MonkeyPatch, parent: Session, shop: Application
) -> None:
    monkeypatch.setattr("wechatlogin.services.session_ends.BATCH", 2)
    children = [a_child(parent, shop, f"child {number}").public_id for number in range(5)]

    sessions.end_all_of_application(shop.id, now=LATER)

    assert keys() == {parent.key_hash}
    assert noticed() == sorted(children)


def disable(site: Site, child: Session) -> None:
    application = db.session.get_one(Application, child.application_id)
    applications.save_disabled(application, is_disabled=True, now=LATER)


def end_everything(site: Site, child: Session) -> None:
    sessions.end_all(child.user_id or "", now=LATER)


def spend_a_refresh_token_twice(site: Site, child: Session) -> None:
    token = refresh_tokens.issue(
        site, child, scope="openid", lifetime=LIFETIME, now=NOW
    ).get_secret_value()
    refresh_tokens.rotate(site, token, lifetime=LIFETIME, now=NOW)
    with pytest.raises(TokenInvalid):
        refresh_tokens.rotate(site, token, lifetime=LIFETIME, now=LATER)


def redeem_a_code_twice(site: Site, child: Session) -> None:
    with write() as database:
        database.add(
            AuthorizationCode(
                code_hash=sha256_hex("code"),
                application_id=child.application_id,
                user_id=child.user_id,
                session_key=child.parent_key,
                redirect_uri=CALLBACK,
                scope="openid",
                created_at=NOW,
                expires_at=MUCH_LATER,
                used_at=NOW,
                issued_session_key=child.key_hash,
            )
        )
    application = db.session.get_one(Application, child.application_id)
    with pytest.raises(CodeReused):
        authorization_codes.get(application, "code", now=LATER)


@pytest.mark.parametrize(
    "happening", [disable, end_everything, spend_a_refresh_token_twice, redeem_a_code_twice]
)
def test_whatever_ends_a_programs_session_is_told_to_it(
    storage: Site,
    parent: Session,
    shop: Application,
    happening: Callable[[Site, Session], None],
) -> None:
    child = a_child(parent, shop)

    happening(storage, child)

    assert child.key_hash not in keys()
    assert noticed() == [child.public_id]


def test_erasing_a_person_is_told_to_the_programs(storage: Site, shop: Application) -> None:
    identity = see(an_app(storage, 1), "o-lin")
    child = a_child(of_identity(identity, storage), shop)

    accounts.erase_identity(identity.appid, "o-lin", now=LATER)

    assert keys() == set()
    assert noticed() == [child.public_id]


def test_taking_an_identity_away_ends_what_came_of_it_at_the_programs(
    storage: Site, shop: Application
) -> None:
    service, website = an_app(storage, 1), an_app(storage, 2)
    merge = merged(storage, service, website)
    gone = db.session.scalars(select(Identity).where(Identity.appid == website.appid)).one()
    child = a_child(of_identity(gone, storage), shop)

    linking.remove(Removal(merge.user_id, gone.id), now=LATER)

    assert child.key_hash not in keys()
    assert noticed() == [child.public_id]


def test_undoing_a_merge_tells_the_programs_by_the_name_they_know(
    storage: Site, shop: Application
) -> None:
    service, website = an_app(storage, 1), an_app(storage, 2)
    first, second = see(service, "o-s", None), see(website, "o-w", None, now=LATER)
    log_in(storage, first)
    other_id = second.user_id
    sid = a_child(of_identity(second, storage), shop).public_id
    see(service, "o-s")
    see(website, "o-w", now=LATER)
    merge = db.session.scalars(select(Merge)).one()
    assert merge.other_user_id == other_id

    merging.undo(merge.id, by=LI, now=MUCH_LATER)

    notice = db.session.scalars(select(LogoutNotice)).one()
    assert (notice.sid, notice.subject) == (sid, other_id)
