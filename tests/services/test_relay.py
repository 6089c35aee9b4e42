"""What becomes of a relay when WeChat sends the browser back."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlsplit

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from tests.relays import (
    APPID,
    ASKED,
    BASE,
    NOW,
    URI,
    begin,
    count_applications,
    register,
    scene_in,
)
from tests.stories import a_browser, an_account
from wechatlogin.errors import (
    AuthorizationInvalid,
    AuthorizationRefused,
    CookieMissing,
    RedirectUnknown,
)
from wechatlogin.extensions import db
from wechatlogin.models import Application, Attempt, Identity, Way, WeChatAppRow
from wechatlogin.models.transaction import write
from wechatlogin.services import attempts, relay, web_login
from wechatlogin.services.errand import Errand
from wechatlogin.services.relay import PageWish, Relayed, Returned
from wechatlogin.services.site import Site
from wechatlogin.services.web_login import Restart
from wechatlogin.wechat.oauth import Extra, Scope

SOON = NOW + timedelta(seconds=20)
STATES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=128)


@pytest.fixture
def row(storage: Site) -> WeChatAppRow:
    return an_account(storage, now=NOW, appid=APPID)


def back(scene: str, code: str | None = "CODE", page: PageWish = BASE) -> Returned:
    return Returned(page, scene, code)


def count(model: type[Attempt | Identity]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_the_code_goes_on_with_the_sites_own_state_and_nobody_is_known_here(
    storage: Site, row: WeChatAppRow
) -> None:
    register(storage, URI)
    scene = begin(storage)

    outcome = relay.finish(storage, a_browser(), back(scene), now=SOON)

    assert outcome == Relayed(f"{URI}&code=CODE&state=theirs")
    assert scene != "theirs"
    assert count(Identity) == 0
    assert "CODE" not in repr((outcome, back(scene)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(state=STATES)
def test_every_permitted_state_comes_back_as_it_was(
    storage: Site, row: WeChatAppRow, state: str
) -> None:
    if count_applications() == 0:
        register(storage, URI)
    scene = begin(storage, replace(ASKED, state=state))

    outcome = relay.finish(storage, a_browser(), back(scene), now=SOON)

    given_back = parse_qs(urlsplit(outcome.url).query, strict_parsing=True)
    assert given_back["state"] == [state]
    assert given_back["n"] == ["微"]


@given(
    pairs=st.lists(st.tuples(st.text(min_size=1), st.text())),
    code=st.none() | st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z"),
    state=STATES,
)
def test_code_and_state_follow_the_query_that_is_there(
    pairs: list[tuple[str, str]], code: str | None, state: str
) -> None:
    query = "&".join(f"{quote_plus(name)}={quote_plus(text)}" for name, text in pairs)

    for uri in (f"https://shop.example/?{query}", "https://shop.example/"):
        url = relay.add_to_query(uri, code, state)

        new = [("code", code)] if code else []
        old = pairs if "?" in uri else []
        found = parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
        assert found == [*old, *new, ("state", state)]
        assert url.startswith(uri)


def test_the_same_code_goes_on_again_for_a_minute(storage: Site, row: WeChatAppRow) -> None:
    register(storage, URI)
    scene = begin(storage)

    first = relay.finish(storage, a_browser(), back(scene), now=SOON)
    again = relay.finish(storage, a_browser(), back(scene), now=SOON + timedelta(seconds=59))

    assert first == again
    with pytest.raises(AuthorizationInvalid):
        relay.finish(storage, a_browser(), back(scene), now=SOON + timedelta(seconds=60))


def test_another_code_never_goes_on_but_begins_again_once(storage: Site, row: WeChatAppRow) -> None:
    register(storage, URI)
    scene = begin(storage)
    relay.finish(storage, a_browser(), back(scene, "ONE"), now=SOON)

    anew = relay.finish(storage, a_browser(), back(scene, "TWO"), now=SOON)

    assert isinstance(anew, Restart)
    second = scene_in(anew.url)
    outcome = relay.finish(storage, a_browser(), back(second, "THREE"), now=SOON)
    assert outcome == Relayed(f"{URI}&code=THREE&state=theirs")
    with pytest.raises(AuthorizationInvalid):
        relay.finish(storage, a_browser(), back(second, "FOUR"), now=SOON)


def test_of_eight_codes_at_once_one_goes_on(
    storage: Site, row: WeChatAppRow, stored_app: Flask
) -> None:
    register(storage, URI)
    scene = begin(storage)
    db.session.commit()

    def arrive(code: str) -> bool:
        with stored_app.app_context():
            outcome = relay.finish(storage, a_browser(), back(scene, code), now=SOON)
            db.session.remove()
            return isinstance(outcome, Relayed)

    with ThreadPoolExecutor(8) as pool:
        gone_on = list(pool.map(arrive, [f"CODE{number}" for number in range(8)]))

    assert sum(gone_on) == 1


def test_a_refusal_goes_on_as_the_state_alone_and_ends_the_relay(
    storage: Site, row: WeChatAppRow
) -> None:
    register(storage, URI)
    scene = begin(storage)

    outcome = relay.finish(storage, a_browser(), back(scene, None), now=SOON)

    assert outcome == Relayed(f"{URI}&state=theirs")


def test_after_the_code_there_is_no_refusal(storage: Site, row: WeChatAppRow) -> None:
    register(storage, URI)
    scene = begin(storage)
    relay.finish(storage, a_browser(), back(scene), now=SOON)

    with pytest.raises(AuthorizationInvalid):
        relay.finish(storage, a_browser(), back(scene, None), now=SOON)


def test_another_browser_is_refused_and_spends_nothing(storage: Site, row: WeChatAppRow) -> None:
    register(storage, URI)
    scene = begin(storage)

    with pytest.raises(AuthorizationInvalid):
        relay.finish(storage, a_browser("another's secret"), back(scene), now=SOON)
    assert isinstance(relay.finish(storage, a_browser(), back(scene), now=SOON), Relayed)


def test_a_browser_without_its_cookie_begins_again_once_and_is_then_refused(
    storage: Site, row: WeChatAppRow
) -> None:
    register(storage, URI)
    page = PageWish(Scope.USERINFO, frozenset({Extra.FORCE_POPUP}))
    scene = begin(storage, replace(ASKED, page=page))
    forgetful = a_browser("a new secret", is_bound=False)

    anew = relay.finish(storage, forgetful, back(scene, page=page), now=SOON)

    assert isinstance(anew, Restart)
    assert "scope=snsapi_userinfo&" in anew.url
    assert "&forcePopup=true#" in anew.url
    second = scene_in(anew.url)
    stranger = a_browser("yet another", is_bound=False)
    with pytest.raises(CookieMissing):
        relay.finish(storage, stranger, back(second, page=page), now=SOON)
    remembering = a_browser("a new secret")
    outcome = relay.finish(storage, remembering, back(second, page=page), now=SOON)
    assert outcome == Relayed(f"{URI}&code=CODE&state=theirs")


def test_without_cookie_and_code_nothing_goes_on(storage: Site, row: WeChatAppRow) -> None:
    register(storage, URI)
    scene = begin(storage)

    with pytest.raises(AuthorizationRefused):
        relay.finish(storage, a_browser(is_bound=False), back(scene, None), now=SOON)


def test_an_expired_relay_is_refused(storage: Site, row: WeChatAppRow) -> None:
    register(storage, URI)
    scene = begin(storage)
    late = NOW + timedelta(seconds=storage.settings.authorize_seconds)

    with pytest.raises(AuthorizationInvalid):
        relay.finish(storage, a_browser(), back(scene), now=late)


@pytest.mark.parametrize("scene", [None, "", "theirs", "0" * 32])
def test_a_state_that_is_not_ours_is_refused(
    storage: Site, row: WeChatAppRow, scene: str | None
) -> None:
    register(storage, URI)
    begin(storage)

    with pytest.raises(AuthorizationInvalid):
        relay.finish(storage, a_browser(), Returned(BASE, scene, "CODE"), now=SOON)


def test_a_relays_code_is_never_exchanged_here_and_a_logins_never_goes_on(
    storage: Site, row: WeChatAppRow
) -> None:
    register(storage, URI)
    scene = begin(storage)
    request = web_login.Request(row=row, errand=Errand(), scope=Scope.BASE)
    login = web_login.begin(storage, a_browser(), request, now=NOW).attempt
    returned = web_login.Returned(Way.IN_WECHAT, scene, "CODE")

    with pytest.raises(AuthorizationInvalid):
        web_login.finish(storage, a_browser(), returned, now=SOON)
    with pytest.raises(AuthorizationInvalid):
        relay.finish(storage, a_browser(), back(login.scene), now=SOON)


def test_the_way_back_of_the_other_page_is_refused(storage: Site, row: WeChatAppRow) -> None:
    register(storage, URI)
    scene = begin(storage)
    other = back(scene, page=PageWish(Scope.LOGIN))

    with pytest.raises(AuthorizationInvalid):
        relay.finish(storage, a_browser(), other, now=SOON)


def test_a_site_that_was_struck_off_meanwhile_gets_no_code(
    storage: Site, row: WeChatAppRow
) -> None:
    register(storage, URI)
    scene = begin(storage)
    with write() as session:
        session.execute(update(Application).values(redirect_uris=["https://shop.example/new"]))

    with pytest.raises(RedirectUnknown):
        relay.finish(storage, a_browser(), back(scene), now=SOON)


def test_an_attempt_keeps_no_code(storage: Site, row: WeChatAppRow) -> None:
    register(storage, URI)
    scene = begin(storage)
    relay.finish(storage, a_browser(), back(scene, "a-code-of-wechats"), now=SOON)

    attempt = attempts.get_by_scene(scene)
    assert attempt is not None
    kept = db.session.execute(select(Attempt.__table__)).one()
    assert "a-code-of-wechats" not in {str(value) for value in kept}
    assert attempt.user_id is None
