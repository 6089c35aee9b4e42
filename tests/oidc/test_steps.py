"""What a request still needs: whatever is combined, nobody gets in without login and consent."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from authlib.oauth2 import OAuth2Error
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stories import a_browser, an_account, an_identity
from wechatlogin.models import Application, Session, User
from wechatlogin.oidc.authorization_request import Prompt, ResponseMode, Target, Wanted
from wechatlogin.oidc.steps import Progress, Step, decide
from wechatlogin.services import (
    application_users,
    applications,
    claims,
    consents,
    id_tokens,
    sessions,
)
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.site import Site
from wechatlogin.web.people import Person

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
SCOPES = ("openid", "profile", "offline_access")
ANEW = {Prompt.LOGIN, Prompt.SELECT_ACCOUNT}
TELLING = {"login_required", "consent_required", "invalid_request"}


@dataclass(frozen=True)
class Guest:
    """Somebody who has been here before."""

    person: Person
    #: What they have permitted the other's application.
    consent: frozenset[str]
    #: An ID token of theirs, by the application that it was given to.
    hints: dict[int, str]


@dataclass(frozen=True)
class House:
    """A site, an application of the owner's own and one of another, and their guests."""

    site: Site
    own: Application
    others: Application
    guests: tuple[Guest, ...]


@pytest.fixture
def house(storage: Site) -> House:
    own, others = (_register(storage, is_first_party=first) for first in (True, False))
    account = an_account(storage, now=NOW)
    permitted = ((), ("openid",), SCOPES)
    guests = []
    for number, scopes in enumerate(permitted):
        user = an_identity(account, f"openid-{number}", now=NOW).user
        if scopes:
            consents.grant(others, user.id, scopes, now=NOW)
        hints = {each.id: _hint(storage, each, user) for each in (own, others)}
        guests.append(Guest(Person(_session(user), user), frozenset(scopes), hints))
    return House(storage, own, others, tuple(guests))


def _register(site: Site, *, is_first_party: bool) -> Application:
    made = applications.create(
        site.vault, NewApplication("书店", is_first_party=is_first_party), now=NOW
    )
    return applications.verify(made.client_id)


def _session(user: User) -> Session:
    owner = sessions.Owner(user_id=user.id)
    return sessions.start(
        user.id, owner, browser=a_browser(), way="scan", lifetime=timedelta(days=7), now=NOW
    )


def _hint(site: Site, application: Application, user: User) -> str:
    application_users.find_or_create(application.id, user.id, now=NOW)
    token = id_tokens.issue(
        site,
        application,
        Session(auth_time=NOW, way="scan", public_id="0" * 32),
        claims=claims.get_claims(application, user.id, "openid"),
        nonce=None,
        access_token=None,
        now=NOW,
    )
    return token.get_secret_value()


PROMPTS = st.one_of(
    st.just(frozenset({Prompt.NONE})),
    st.frozensets(st.sampled_from([Prompt.LOGIN, Prompt.CONSENT, Prompt.SELECT_ACCOUNT])),
)


@dataclass(frozen=True)
class Case:
    """One request at one moment, by numbers that say whose."""

    guest: int | None
    is_own: bool
    scopes: tuple[str, ...]
    prompts: frozenset[Prompt]
    #: Seconds that the login is old, and how long ago the client asked.
    age: int
    asked: int
    max_age: int | None
    #: Of which guest, and whether for the other application; a text that is no token.
    hint: tuple[int, bool] | str | None
    may_ask_profile: bool
    has_consented: bool


CASES = st.builds(
    Case,
    guest=st.none() | st.integers(0, 2),
    is_own=st.booleans(),
    scopes=st.sets(st.sampled_from(SCOPES), min_size=1).map(lambda found: tuple(sorted(found))),
    prompts=PROMPTS,
    age=st.integers(0, 100),
    asked=st.integers(0, 100),
    max_age=st.none() | st.integers(0, 100),
    hint=st.none() | st.just("no token") | st.tuples(st.integers(0, 2), st.booleans()),
    may_ask_profile=st.booleans(),
    has_consented=st.booleans(),
)


@given(case=CASES)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nobody_gets_in_without_login_and_consent_and_none_asks_nothing(
    house: House, case: Case
) -> None:
    application = house.own if case.is_own else house.others
    is_silent = Prompt.NONE in case.prompts

    step = _step_or_error(house, application, case)

    if not isinstance(step, Step):
        assert step in TELLING
        assert is_silent or (case.hint is not None and case.guest is not None)
        return
    if is_silent:
        assert step is Step.GRANT
    if step is not Step.GRANT:
        return
    assert case.guest is not None
    guest = house.guests[case.guest]
    assert case.is_own or set(case.scopes) <= guest.consent
    assert Prompt.CONSENT not in case.prompts or case.has_consented
    assert case.hint in {None, (case.guest, False)}
    is_new = case.age <= case.asked
    assert is_new or not ANEW & case.prompts
    assert is_new or case.max_age is None or case.age <= case.max_age


def _step_or_error(house: House, application: Application, case: Case) -> Step | str:
    try:
        return _decide(house, application, case)
    except OAuth2Error as err:
        return str(err.error)


def _decide(house: House, application: Application, case: Case) -> Step:
    now = NOW + timedelta(seconds=200)
    wanted = replace(
        _wanted(application, case.scopes),
        prompts=case.prompts,
        max_age=case.max_age,
        id_token_hint=_hint_of(house, application, case),
    )
    person = None
    if case.guest is not None:
        person = house.guests[case.guest].person
        person.session.auth_time = now - timedelta(seconds=case.age)
    since = now - timedelta(seconds=case.asked)
    progress = Progress(since, case.may_ask_profile, case.has_consented)
    return decide(house.site, wanted, person, progress, now=now)


def _wanted(application: Application, scopes: tuple[str, ...]) -> Wanted:
    target = Target(application, "https://shop.example/cb", "state", ResponseMode.QUERY)
    return Wanted(
        target,
        scope=" ".join(scopes),
        prompts=frozenset(),
        nonce=None,
        max_age=None,
        code_challenge=None,
        id_token_hint=None,
        ui_locales=(),
    )


def _hint_of(house: House, application: Application, case: Case) -> str | None:
    if not isinstance(case.hint, tuple):
        return case.hint
    guest, is_of_the_other = case.hint
    other = house.others if application is house.own else house.own
    return house.guests[guest].hints[(other if is_of_the_other else application).id]


def test_the_steps_come_one_after_the_other(house: House) -> None:
    nobody, guest = Case(None, False, SCOPES, frozenset(), 50, 0, None, None, True, False), 0

    first = _decide(house, house.others, nobody)
    second = _decide(house, house.others, replace(nobody, guest=guest))
    third = _decide(house, house.others, replace(nobody, guest=guest, may_ask_profile=False))
    last = _decide(house, house.others, replace(nobody, guest=2, may_ask_profile=False))

    assert [first, second, third, last] == [Step.LOGIN, Step.PROFILE, Step.CONSENT, Step.GRANT]


def test_a_new_login_of_somebody_else_than_the_hint_names_goes_no_further(house: House) -> None:
    """Inside WeChat the next login would be the same person's, without end."""
    before = Case(0, True, ("openid",), frozenset(), 50, 10, None, (1, False), False, False)

    assert _decide(house, house.own, before) is Step.LOGIN
    with pytest.raises(OAuth2Error) as caught:
        _decide(house, house.own, replace(before, age=5))

    assert caught.value.error == "login_required"
