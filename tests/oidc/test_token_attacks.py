"""No forged token opens any endpoint that takes one, whichever front door it belongs to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from joserfc.jwk import Key, OctKey

from tests import databases
from tests.compat import authing, code_programs, end_users, open_authorization
from tests.conftest import Installation, Installer
from tests.flows.phones import Phone
from tests.forgeries import ANYWHERE, FOR_ONE, PUBLISHED, Forger
from tests.oidc.log_outs import BACK, end_url, is_logged_in, is_question
from tests.oidc.programs import Program, a_phone
from wechatlogin import clock
from wechatlogin.models import Algorithm
from wechatlogin.services import keys

Ask = Callable[[str], bool]
TIMEOUT = 20
#: No server reads so much of a header or an address.
TOO_LONG = {"a million dots", "five megabytes"}
ACCESS = {**ANYWHERE, **PUBLISHED, **FOR_ONE}
#: A token without an audience of its own says whose it is by its session.
SIGNED = {**ANYWHERE, **PUBLISHED, "sid of nobody": FOR_ONE["sid of nobody"]}
BOTH = list(Algorithm)


@dataclass(frozen=True)
class Door:
    """An endpoint, and somebody with a good token for it."""

    token: str
    key: Key
    #: Whether a token is taken.
    ask: Ask
    #: Whether the good one still is, whatever the others were taken for.
    is_good: Callable[[], bool]
    forgeries: Mapping[str, Callable[[Forger], str]] = field(default_factory=lambda: ACCESS)
    other_kid: str | None = None


def our_keys(installation: Installation, algorithm: Algorithm = Algorithm.RS256) -> dict[str, Any]:
    """Return what signs in this installation, and the name of its other key."""
    with installation.app.app_context():
        signers = {
            each: keys.find_or_create_current(installation.site, each, now=clock.now())
            for each in Algorithm
        }
    other = next(signer for each, signer in signers.items() if each is not algorithm)
    return {"key": signers[algorithm].key, "other_kid": other.kid}


def said(method: str, url: str, **given: Any) -> requests.Response:
    """Ask, and hold whatever is answered to be an answer and no accident."""
    answer = requests.request(method, url, timeout=TIMEOUT, allow_redirects=False, **given)
    assert answer.status_code < 500, answer.text[:300]
    return answer


def body_of(answer: requests.Response) -> dict[str, Any]:
    is_json = answer.headers.get("Content-Type", "").startswith("application/json")
    return dict(answer.json()) if is_json else {}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def access_door(installation: Installation, algorithm: Algorithm, make: Any) -> Door:
    """Return an endpoint that takes access tokens; `make` returns what asks it."""
    program = Program(installation, id_token_algorithm=algorithm)
    token = program.log_in(a_phone(installation))["access_token"]
    return Door(
        token=token,
        ask=make(program),
        is_good=lambda: program.userinfo(token).status_code == 200,
        **our_keys(installation, algorithm),
    )


def userinfo_by_header(program: Program) -> Ask:
    def ask(token: str) -> bool:
        answer = said("GET", f"{program.issuer}/me", headers=bearer(token))
        if token and token.isascii() and len(token) < 4000:
            assert (answer.status_code == 200) or "WWW-Authenticate" in answer.headers
        assert answer.status_code in {200, 400, 401, 431}
        return answer.status_code == 200

    return ask


def userinfo_by_form(program: Program) -> Ask:
    def ask(token: str) -> bool:
        answer = said("POST", f"{program.issuer}/me", data={"access_token": token})
        assert answer.status_code in {200, 400, 401, 413}
        return answer.status_code == 200

    return ask


def introspection(program: Program) -> Ask:
    def ask(token: str) -> bool:
        auth = (program.client_id, str(program.made.client_secret))
        url = f"{program.issuer}/token/introspection"
        return body_of(said("POST", url, data={"token": token}, auth=auth)).get("active") is True

    return ask


def revocation(program: Program) -> Ask:
    """It never says whether there was anything to revoke; `is_good` shows that nothing was."""

    def ask(token: str) -> bool:
        auth = (program.client_id, str(program.made.client_secret))
        answer = said(
            "POST", f"{program.issuer}/token/revocation", data={"token": token}, auth=auth
        )
        assert answer.status_code in {200, 400, 413}
        return False

    return ask


def refresh(program: Program) -> Ask:
    def ask(token: str) -> bool:
        auth = (program.client_id, str(program.made.client_secret))
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return said("POST", f"{program.issuer}/token", data=form, auth=auth).status_code == 200

    return ask


ACCESS_DOORS = (userinfo_by_header, userinfo_by_form, introspection, revocation, refresh)


def end_session(installation: Installation) -> Door:
    """An ID token as a hint: its time may be over, and nothing else."""
    program = Program(installation, post_logout_redirect_uris=(BACK,))
    phone = a_phone(installation)
    token = program.log_in(phone)["id_token"]

    def ask(hint: str) -> bool:
        url = end_url(program, id_token_hint=hint, post_logout_redirect_uri=BACK)
        # As by a link on another site; a hint of this length has no place in an address.
        page = phone.step(url) if len(url) < 4000 else None
        return page is not None and not is_question(page) and page.status_code < 400

    may_be_over = {name for name in ANYWHERE if name.startswith(("exp ", "expired"))}
    # The rest would be said by a token of ours.
    not_about_this = {"sid of nobody", "client_id of another", "scope no text"}
    return Door(
        token=token,
        ask=ask,
        is_good=lambda: is_logged_in(program, phone),
        forgeries={
            name: forge
            for name, forge in ACCESS.items()
            if name not in may_be_over | not_about_this
        },
        **our_keys(installation),
    )


def end_user_door(installation: Installation, method: str, path: str) -> Door:
    program = end_users.Program(installation)
    person = installation.simulator.add_person()
    tokens = program.tokens(person)
    is_refresh = path == "/refreshToken"

    def ask(token: str) -> bool:
        where = {"params" if is_refresh else "headers": {}}
        shown = f"Bearer {token}"
        if is_refresh:
            where["params"] = {"refreshToken": shown}
        else:
            where["headers"] = {"Authorization": shown}
        url = f"{installation.url}{end_users.API}{path}"
        return body_of(said(method, url, **where)).get("code") == 200

    token = tokens.refresh if is_refresh else tokens.access
    return Door(
        token=token.removeprefix("Bearer "),
        ask=ask,
        is_good=lambda: program.user(tokens.access)["code"] == 200,
        forgeries={name: forge for name, forge in SIGNED.items() if name != "iss a list"},
        **our_keys(installation),
    )


def authing_door(installation: Installation, ask_by: str, *, keeps_secret: bool) -> Door:
    program = authing.Program(installation, keeps_secret=keeps_secret)
    token = str(program.log_in(installation.simulator.add_person())["token"])

    def ask(token: str) -> bool:
        if ask_by == "introspection":
            form = {"token": token, "client_id": program.client_id}
            answer = said("POST", f"{program.url}/oidc/token/introspection", data=form)
            return body_of(answer).get("active") is True
        if ask_by == "old":
            query = {"access_token": token}
            return (
                body_of(said("GET", f"{program.url}/authing/token", params=query)).get("status")
                is True
            )
        url = f"{program.url}/api/v2/oidc/validate_token"
        return "data" in body_of(said("GET", url, params={ask_by: token}))

    if keeps_secret:
        shared = {"key": OctKey.import_key(str(program.made.client_secret))}
        return Door(token, ask=ask, is_good=lambda: ask(token), forgeries=ANYWHERE, **shared)
    ours = our_keys(installation)
    return Door(token, ask=ask, is_good=lambda: ask(token), forgeries=SIGNED, **ours)


def code_login_door(installation: Installation) -> Door:
    """AnQiCMS's token: one secret signs them all, and its time is in another claim."""
    front_end = code_programs.FrontEnd(installation)
    person = code_programs.a_known_follower(installation)
    token = front_end.token(code_programs.a_code(installation, person))
    soon = int(clock.now().timestamp()) + 600

    def ask(shown: str) -> bool:
        answer = said("GET", f"{installation.url}/api/user/detail", headers={"token": shown})
        return body_of(answer).get("code") == 0

    secret = installation.site.vault.derive_token("token of a login by code")
    not_about_this = {"kid a path", "kid SQL", "kid NUL", "exp missing"}
    return Door(
        token=code_programs.sign_again(installation, token, exp=soon),
        key=OctKey.import_key(secret),
        ask=ask,
        is_good=lambda: ask(token),
        forgeries={name: forge for name, forge in ANYWHERE.items() if name not in not_about_this},
    )


def channel_door(installation: Installation) -> Door:
    program = open_authorization.Program(installation)
    token = program.log_in(installation.simulator.add_person())
    secret = installation.site.vault.derive_token("channel token", program.made.client_id)

    def ask(shown: str) -> bool:
        url = f"{installation.url}/wechat/isSubscribed"
        answer = said("GET", url, headers=bearer(shown))
        # A stranger's token is refused; the owner of a good one is told that they do not follow.
        return answer.status_code != 431 and "token_invalid" not in answer.text

    return Door(
        token=token,
        key=OctKey.import_key(secret),
        ask=ask,
        is_good=lambda: ask(token),
        forgeries=ANYWHERE,
    )


def taken(door: Door) -> list[str]:
    """Return the forgeries that a door has taken."""
    forger = Forger(door.token, door.key, door.other_kid)
    assert door.is_good()
    return [name for name, forge in door.forgeries.items() if is_taken(door, name, forge(forger))]


def is_taken(door: Door, name: str, token: str) -> bool:
    try:
        return door.ask(token)
    except requests.ConnectionError:
        # The server stops to listen in the middle of it.
        assert name in TOO_LONG
        return False


@pytest.mark.parametrize("make", ACCESS_DOORS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("algorithm", BOTH)
def test_no_forgery_is_an_access_token(
    installation: Installation, algorithm: Algorithm, make: Callable[[Program], Ask]
) -> None:
    door = access_door(installation, algorithm, make)

    assert taken(door) == []
    assert door.is_good()


def test_no_forgery_speaks_for_a_person_who_logs_out(installation: Installation) -> None:
    door = end_session(installation)

    assert taken(door) == []
    assert door.is_good()
    assert door.ask(door.token)
    assert not door.is_good()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/userInfo"), ("PUT", "/refreshToken"), ("DELETE", "/userLogout")]
)
def test_no_forgery_is_a_token_of_the_end_user_api(
    installation: Installation, method: str, path: str
) -> None:
    door = end_user_door(installation, method, path)

    assert taken(door) == []
    assert door.is_good()
    assert door.ask(door.token)


@pytest.mark.parametrize("keeps_secret", [True, False], ids=["HS256", "RS256"])
@pytest.mark.parametrize("ask_by", ["access_token", "id_token", "old", "introspection"])
def test_no_forgery_is_a_token_of_authings(
    installation: Installation, ask_by: str, keeps_secret: bool
) -> None:
    door = authing_door(installation, ask_by, keeps_secret=keeps_secret)

    assert taken(door) == []
    assert door.is_good()


def test_no_forgery_is_a_token_of_a_login_by_code(installation: Installation) -> None:
    door = code_login_door(installation)

    assert taken(door) == []
    assert door.is_good()
    assert door.ask(door.token)


def test_no_forgery_is_a_token_of_the_open_channel(installation: Installation) -> None:
    door = channel_door(installation)

    assert taken(door) == []
    assert door.is_good()


def test_no_token_does_for_a_token_of_another_kind(installation: Installation) -> None:
    program = Program(installation)
    phone: Phone = a_phone(installation)
    tokens = program.log_in(phone, scope="openid offline_access")
    others = {
        "ID token": tokens["id_token"],
        "refresh token": tokens["refresh_token"],
        "end user's": end_users.Program(installation).tokens(phone.person).access,
        "Authing's, HS256": authing.Program(installation).log_in(phone.person)["token"],
        "Authing's, RS256": authing.Program(installation, keeps_secret=False).log_in(phone.person)[
            "token"
        ],
        "open channel's": open_authorization.Program(installation).log_in(phone.person),
    }
    by_header, by_form = userinfo_by_header(program), userinfo_by_form(program)

    opened = [
        name
        for name, token in others.items()
        if by_header(token.removeprefix("Bearer ")) or by_form(token)
    ]

    assert opened == []
    assert by_header(tokens["access_token"])
    assert by_form(tokens["access_token"])


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_revocation_that_cannot_be_written_down_says_so(install: Installer, kind: str) -> None:
    installation = install()
    program = Program(installation)
    tokens = program.log_in(a_phone(installation), scope="openid offline_access")

    with databases.locked(installation.service.settings.database_url):
        failed = program.revoke(tokens[kind])

    assert failed.status_code == 503
    assert failed.json() == {"error": "temporarily_unavailable"}
    assert failed.headers["Retry-After"] == "5"
    assert program.userinfo(tokens["access_token"]).status_code == 200
    assert program.revoke(tokens[kind]).status_code == 200
    assert program.userinfo(tokens["access_token"]).status_code == 401
    assert program.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
