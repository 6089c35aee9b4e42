"""OAuth 2.0 requests for Authlib, made of parameters that have been read strictly.

A parameter that is given twice is refused (RFC 6749, 3.1), and a secret is never taken from the
query, where logs would keep it.
"""

from collections import defaultdict
from collections.abc import Mapping

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Payload, OAuth2Request
from flask import request
from werkzeug.datastructures import MultiDict

from wechatlogin.web.context import current_site

#: An ID token as a hint is the longest.
LONGEST = 8192

Parameters = dict[str, str]


class Payload(OAuth2Payload):
    """Parameters, each of which is there once."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = dict(parameters)

    @property
    def data(self) -> Parameters:
        return self._parameters

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {name: [value] for name, value in self._parameters.items()})


class Request(OAuth2Request):
    """One request to an endpoint, whose parameters stand in one place."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        # Authlib insists on https; whether we serve it is the settings' matter, seen at the start.
        host = current_site().settings.public_url.partition("://")[2]
        super().__init__(request.method, f"https://{host}{request.path}", headers=request.headers)
        self.payload = Payload(parameters)

    @property
    def args(self) -> Parameters:
        return {}

    @property
    def form(self) -> Parameters:
        return dict(self.payload.data)


def from_form(_request: object = None) -> Request:
    """Return what a client's server has posted.

    :raise InvalidRequestError: if a parameter is doubled, too long or no text.
    """
    return Request(read(request.form))


def read(source: MultiDict[str, str]) -> Parameters:
    """Return parameters by name; an empty one counts as missing (RFC 6749, 3.1).

    :raise InvalidRequestError: if one is doubled, too long or no text.
    """
    given: Parameters = {}
    for name, values in source.lists():
        if len(values) > 1:
            raise InvalidRequestError("A parameter is given more than once.")
        if len(values[0]) > LONGEST or "\x00" in values[0] or "\ufffd" in values[0]:
            raise InvalidRequestError("A parameter is too long or is not text.")
        if values[0]:
            given[name] = values[0]
    return given
