"""Authlib's own example of an OpenID Connect provider, with Flask and Flask-SQLAlchemy.

As its documentation has it: people, clients, codes and tokens in tables, the browser's session in
Flask's cookie. What its example asks a person about is left out, as for our own programs, and it
signs with RS256, as we do.

    GET  /login              logs the browser in
    GET  /oauth/authorize    back with a code
    POST /oauth/token        the code becomes an access token and an id token
    GET  /oauth/userinfo     whom an access token is about
"""

import os
import time
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.integrations.sqla_oauth2 import (
    OAuth2AuthorizationCodeMixin,
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_bearer_token_validator,
    create_query_client_func,
    create_save_token_func,
)
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, session
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from joserfc.jwk import RSAKey
from sqlalchemy import Column, ForeignKey, Integer, String

#: Where the database lies.
DATABASE_VARIABLE = "BENCHMARK_DATABASE"
CLIENT_ID = "benchmark"
CLIENT_SECRET = "secret-of-the-benchmark"  # noqa: S105 - of a client that exists for minutes
REDIRECT_URI = "https://program.example/callback"
ISSUER = "https://authlib.example"

app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.urandom(32),
    SQLALCHEMY_DATABASE_URI=os.environ[DATABASE_VARIABLE],
)
db = SQLAlchemy(app)
key = RSAKey.generate_key(2048, auto_kid=True)


class User(db.Model):  # type: ignore[name-defined]
    id = Column(Integer, primary_key=True)
    username = Column(String(40), unique=True)

    def get_user_id(self) -> int:
        """Return what tokens are bound to."""
        return int(self.id)


class Client(db.Model, OAuth2ClientMixin):  # type: ignore[name-defined]
    id = Column(Integer, primary_key=True)
    user_id = Column(Integer, ForeignKey("user.id"))


class Code(db.Model, OAuth2AuthorizationCodeMixin):  # type: ignore[name-defined]
    id = Column(Integer, primary_key=True)
    user_id = Column(Integer, ForeignKey("user.id"))


class Token(db.Model, OAuth2TokenMixin):  # type: ignore[name-defined]
    id = Column(Integer, primary_key=True)
    user_id = Column(Integer, ForeignKey("user.id"))
    user = db.relationship("User")


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code: str, request: Any) -> Code:
        """Write a code down."""
        saved = Code(
            code=code,
            client_id=request.client.client_id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.payload.scope,
            user_id=request.user.id,
            nonce=request.payload.data.get("nonce"),
            code_challenge=request.payload.data.get("code_challenge"),
            code_challenge_method=request.payload.data.get("code_challenge_method"),
        )
        db.session.add(saved)
        db.session.commit()
        return saved

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """Return a code that lives."""
        found = Code.query.filter_by(code=code, client_id=client.client_id).first()
        return found if found and not found.is_expired() else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Let a code be used once."""
        db.session.delete(authorization_code)
        db.session.commit()

    def authenticate_user(self, authorization_code: Code) -> User | None:
        """Return whose code it is."""
        return db.session.get(User, authorization_code.user_id)


class WithIdToken(OpenIDCode):
    def exists_nonce(self, nonce: str, request: Any) -> bool:
        """Tell whether a nonce was used before."""
        found = Code.query.filter_by(client_id=request.payload.client_id, nonce=nonce).first()
        return bool(found)

    def get_jwt_config(self, grant: Any, client: Any = None) -> dict[str, Any]:
        """Return what id tokens are signed with."""
        return {"key": key, "alg": "RS256", "iss": ISSUER, "exp": 3600}

    def generate_user_info(self, user: User, scope: str) -> UserInfo:
        """Return what an id token tells of a person."""
        return UserInfo(sub=str(user.id), name=user.username)


server = AuthorizationServer(
    app,
    query_client=create_query_client_func(db.session, Client),
    save_token=create_save_token_func(db.session, Token),
)
server.register_grant(CodeGrant, [WithIdToken(require_nonce=True), CodeChallenge(required=True)])
require_oauth = ResourceProtector()
require_oauth.register_token_validator(create_bearer_token_validator(db.session, Token)())


@app.get("/")
def home() -> str:
    return "ok"


@app.get("/login")
def log_in() -> str:
    session["id"] = User.query.first().id
    return "ok"


@app.get("/oauth/authorize")
def authorize() -> ResponseReturnValue:
    user = db.session.get(User, session["id"])
    grant = server.get_consent_grant(end_user=user)
    return server.create_authorization_response(grant_user=user, grant=grant)


@app.post("/oauth/token")
def issue_token() -> ResponseReturnValue:
    return server.create_token_response()


@app.get("/oauth/userinfo")
@require_oauth("profile")
def tell_user() -> ResponseReturnValue:
    return jsonify(WithIdToken().generate_user_info(current_token.user, current_token.scope))


def _fill() -> None:
    db.create_all()
    if Client.query.first() is not None:
        return
    user = User(username="林小满")
    db.session.add(user)
    db.session.flush()
    client = Client(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_id_issued_at=int(time.time()),
        user_id=user.id,
    )
    client.set_client_metadata(
        {
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "scope": "openid profile",
            "token_endpoint_auth_method": "client_secret_basic",
        }
    )
    db.session.add(client)
    db.session.commit()


with app.app_context():
    _fill()
