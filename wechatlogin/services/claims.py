"""What an application learns of a person, by the scopes that it was granted.

Name and picture are what WeChat has told; nothing is made up in their place. A claim of which
nothing is known is left out: none is ever empty (OpenID Connect Core, 5.3.2).

A person may have several identities. Those in the application's own WeChat apps count, in the
order of these apps: the first says `openid`, the first with a nickname says name and picture.
"""

from collections.abc import Mapping
from types import MappingProxyType

from wechatlogin.models import Application, Identity
from wechatlogin.services import application_identities, application_users

#: The claims of each scope; `sub` is always told. `offline_access` is about tokens alone.
CLAIMS_OF = MappingProxyType(
    {
        "openid": ("sub",),
        "profile": (
            "name",
            "nickname",
            "preferred_username",
            "picture",
            "locale",
            "updated_at",
        ),
        "email": ("email", "email_verified"),
        "wechat": ("openid", "unionid", "appid", "follows"),
        "offline_access": (),
    }
)
#: So much of the `sub` makes a name for programs that want one of letters and digits.
USERNAME_DIGITS = 12


def get_claims(application: Application, user_id: str, scope: str) -> Mapping[str, object]:
    """Return what the application may know of a person, ready for JSON.

    A scope that the application may no longer be granted tells nothing more, whatever its tokens
    say.
    """
    granted = set(scope.split()) & set(application.scopes)
    sub = _subject(application, user_id)
    asked = granted & {"profile", "wechat"}
    identities = application_identities.get_all(application, user_id) if asked else []
    told: dict[str, object] = {"sub": sub}
    if "profile" in granted:
        told |= _profile(sub, identities)
    if "email" in granted and application.email_template:
        told |= {"email": _email(application.email_template, sub), "email_verified": False}
    if "wechat" in granted and identities:
        told |= _wechat(identities[0])
    return {name: value for name, value in told.items() if value not in {None, ""}}


def _subject(application: Application, user_id: str) -> str:
    known = application_users.get(application.id, user_id)
    return known.subject if known else application_users.subject_of(application.id, user_id)


def _profile(sub: str, identities: list[Identity]) -> dict[str, object]:
    told: dict[str, object] = {"preferred_username": f"wx_{sub[:USERNAME_DIGITS]}"}
    if not identities:
        return told
    shown = next((one for one in identities if one.nickname), identities[0])
    return told | {
        "name": shown.nickname,
        "nickname": shown.nickname,
        "picture": shown.avatar_url,
        # BCP 47 writes a dash where our catalogues have an underscore.
        "locale": shown.language and shown.language.replace("_", "-"),
        "updated_at": int(shown.updated_at.timestamp()),
    }


def _email(template: str, sub: str) -> str:
    return template.replace("{sub}", sub)


def _wechat(identity: Identity) -> dict[str, object]:
    return {
        "openid": identity.openid,
        "unionid": identity.unionid,
        "appid": identity.appid,
        "follows": identity.follows,
    }
