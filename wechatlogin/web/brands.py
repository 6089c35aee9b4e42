"""Whose page it is, as people see it: a program with its own name and logo, or the installation."""

from dataclasses import dataclass

from flask import url_for

from wechatlogin.models import Application
from wechatlogin.services import logos
from wechatlogin.web.context import current_site


@dataclass(frozen=True)
class Brand:
    """A name and, where there is one, a logo; in a sentence it reads as the name."""

    name: str
    logo_url: str | None = None

    def __str__(self) -> str:
        return self.name


def brand_of(application: Application | None) -> Brand:
    """Return the brand of an application; without one, that of the installation."""
    if application is None:
        return Brand(current_site().settings.site_name)
    version = logos.get_version(application)
    if version is None:
        return Brand(application.name)
    # Another logo has another address, so that browsers may keep this one.
    url = url_for("logos.show", client_id=application.client_id, v=version)
    return Brand(application.name, url)
