"""The question whether an application may know a person; `oidc/authorize.py` takes the answer.

The form answers with `decision`, which is `allow` or `refuse`.
"""

from urllib.parse import urlsplit

from flask import render_template, url_for

from wechatlogin.models import Application
from wechatlogin.web import brands, people, permissions, security
from wechatlogin.web.context import is_in_wechat
from wechatlogin.web.people import Person
from wechatlogin.web.security import Openers, Openness

#: The field of the form that names whom it asked, by their session.
ASKED = "asked"


def show(
    application: Application, person: Person, scope: str, *, action: str, redirect_uri: str
) -> str:
    """Return the page that asks whom it shows for these scopes; `action` takes the answer."""
    address = urlsplit(redirect_uri)
    targets = security.form_targets_of(redirect_uri)
    security.open_up(Openness(Openers.OPENER, form_targets=targets))
    shown = people.get_shown_identity(person.user)
    return render_template(
        "consent.html",
        site_name=brands.brand_of(application),
        nickname=shown and shown.nickname,
        avatar_url=shown and shown.avatar_url,
        permissions=permissions.get_permissions(_told(application, scope)),
        place=address.netloc or address.scheme,
        action=action,
        asked_field=ASKED,
        asked=person.session.public_id,
        another_url=_another_url(application, action),
    )


def _told(application: Application, scope: str) -> list[str]:
    """Return the scopes of which anything comes."""
    has_email = bool(application.email_template)
    return [name for name in scope.split() if name != "email" or has_email]


def _another_url(application: Application, action: str) -> str | None:
    """Return where another WeChat logs in; in WeChat itself there is but one."""
    if is_in_wechat():
        return None
    client_id = application.client_id
    return url_for("login.start", client_id=client_id, next=action, prompt="login")
