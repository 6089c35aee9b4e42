"""wechatlogin: a self-hosted service that logs people in with WeChat.

`create_app` puts an installation together: settings, extensions, the site that services work
for, and the blueprints.
"""

from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

import click
from flask import Flask
from flask_babel import force_locale, gettext
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape
from werkzeug.middleware.proxy_fix import ProxyFix

from wechatlogin import cli, config, logs
from wechatlogin.compat import (
    anqicms,
    anqicms_envelope,
    anqicms_users,
    authing,
    authing_envelope,
    authing_events,
    authing_scans,
    authing_tokens,
    open_authorization,
    quectel,
    quectel_envelope,
    wechat_server,
)
from wechatlogin.config import Environment, Settings
from wechatlogin.extensions import babel, csrf, db, limiter, login_manager, migrate
from wechatlogin.i18n import locale_of
from wechatlogin.models.pool import count_connections, engine_options, prepare_server
from wechatlogin.models.transaction import let_go, prepare_sqlite
from wechatlogin.oidc import (
    authorize,
    device_authorization,
    end_session,
    introspection,
    metadata,
    token,
    userinfo,
)
from wechatlogin.services import signs
from wechatlogin.services.pauses import Pauses
from wechatlogin.services.signs import Signs
from wechatlogin.services.site import Site
from wechatlogin.services.token_turns import TokenTurns
from wechatlogin.services.waiting import make_bus
from wechatlogin.vault import Vault
from wechatlogin.web import (
    account,
    account_data,
    agreeing,
    code,
    confirm,
    cookies,
    device,
    following,
    health,
    languages,
    login,
    logos,
    notices,
    openapi,
    operator,
    page_scans,
    pages,
    permissions,
    pushes,
    rate_counts,
    relay,
    request_log,
    security,
    timers,
    verification,
    waiting,
    website,
)
from wechatlogin.web import errors as error_pages
from wechatlogin.web import metrics as metrics_page
from wechatlogin.web.aside import Aside
from wechatlogin.web.context import keep_browser_secret
from wechatlogin.web.lane import make_lane
from wechatlogin.web.operator import desk
from wechatlogin.web.parameters import RowNumber
from wechatlogin.web.parking import FREE_THREADS, ParkingMiddleware
from wechatlogin.wechat.app import Platform
from wechatlogin.wechat.forwarding import Forwarder, ForwardLimits
from wechatlogin.wechat.http import Limits, WeChatHTTP
from wechatlogin.wechat.notices import Poster

ROOT = Path(__file__).parent.parent
BLUEPRINTS = (
    account.bp,
    account_data.bp,
    agreeing.bp,
    anqicms.bp,
    anqicms_users.bp,
    authing.bp,
    authing_events.bp,
    authing_scans.bp,
    authing_tokens.bp,
    authorize.bp,
    code.bp,
    confirm.bp,
    device.bp,
    device_authorization.bp,
    end_session.bp,
    following.bp,
    health.bp,
    introspection.bp,
    login.bp,
    logos.bp,
    metadata.bp,
    metrics_page.bp,
    open_authorization.bp,
    openapi.bp,
    *operator.BLUEPRINTS,
    page_scans.bp,
    pages.bp,
    permissions.bp,
    pushes.bp,
    relay.bp,
    verification.bp,
    quectel.bp,
    token.bp,
    userinfo.bp,
    waiting.bp,
    website.bp,
    wechat_server.bp,
)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the service.

    :raise SettingsError: if a setting is missing or wrong.
    """
    settings = settings or config.load()
    is_command = click.get_current_context(silent=True) is not None
    logs.set_up(settings.log_level, is_command=is_command)
    app = Flask(
        "wechatlogin",
        root_path=str(ROOT),
        instance_path=str(ROOT / "instance"),
        static_folder="static",
        template_folder="templates",
    )
    app.config.from_mapping(_flask_config(settings, is_command=is_command))
    request_log.init_app(app, settings)
    # Before the extensions: whether a form is ours at all comes before its token.
    security.init_app(app)
    _bind_extensions(app)
    with app.app_context():
        _prepare_database(app, is_command=is_command)
        site = app.extensions["wechatlogin"] = _site(app, settings)
        engine = db.engine
        count_connections(engine)
    _end_contexts(app, site)
    _add_web(app)
    cli.init_app(app)
    app.wsgi_app = ParkingMiddleware(  # type: ignore[method-assign]
        _behind_proxies(make_lane(app), settings.trusted_proxies),
        engine=engine,
        bus=site.bus,
        settings=settings,
    )
    return app


def _end_contexts(app: Flask, site: Site) -> None:
    # Registered after the database, and so run before its own end, which would raise where the
    # connection is lost, although the answer is made.
    @app.teardown_appcontext
    def end(_err: BaseException | None) -> None:
        signs.write_down(site.signs)
        let_go()


def _behind_proxies(wsgi_app: WSGIApplication, hops: int) -> WSGIApplication:
    return ProxyFix(wsgi_app, x_for=hops, x_proto=hops, x_host=0) if hops else wsgi_app


def _flask_config(settings: Settings, *, is_command: bool) -> dict[str, Any]:
    key = settings.secret_key.get_secret_value()
    fallbacks = [former.get_secret_value() for former in settings.secret_key_fallbacks]
    return {
        "DEBUG": settings.debug,
        "SECRET_KEY": key,
        "SECRET_KEY_FALLBACKS": fallbacks,
        # Forms do not look at the fallbacks by themselves. The last key signs, all are read.
        "WTF_CSRF_SECRET_KEY": [*reversed(fallbacks), key],
        "PUBLIC_URL": settings.public_url,
        "TRUSTED_HOSTS": settings.hosts,
        "AVATAR_SOURCES": settings.wechat_avatar_hosts,
        "SESSION_COOKIE_NAME": ("__Host-" if settings.is_https else "") + cookies.FORMS,
        "SESSION_COOKIE_SECURE": settings.is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PREFERRED_URL_SCHEME": "https" if settings.is_https else "http",
        "MAX_CONTENT_LENGTH": security.MAX_BODY,
        "MAX_FORM_PARTS": 50,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(
            settings.database_url, threads=settings.threads, is_command=is_command
        ),
        "BABEL_DEFAULT_LOCALE": settings.default_language,
        "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
        "BABEL_TRANSLATION_DIRECTORIES": str(Path(__file__).parent / "translations"),
        # Forms stay good as long as the browser is open; the origin is checked in web/security.
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "RATELIMIT_STORAGE_URI": rate_counts.storage_uri(settings.redis_url),
    }


def _bind_extensions(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"), compare_type=True)
    login_manager.init_app(app)
    babel.init_app(app, locale_selector=languages.choose_locale)
    csrf.init_app(app)
    limiter.init_app(app)


def _prepare_database(app: Flask, *, is_command: bool) -> None:
    if db.engine.dialect.name == "sqlite":
        folder = Path(app.instance_path)
        # A database elsewhere needs none, and our own files may be read-only.
        if folder in Path(db.engine.url.database or "").parents:
            folder.mkdir(mode=0o700, exist_ok=True)
        prepare_sqlite(db.engine)
    else:
        prepare_server(db.engine, is_command=is_command)


def _site(app: Flask, settings: Settings) -> Site:
    platform = Platform(
        open_url=settings.wechat_open_url,
        api_url=settings.wechat_api_url,
        mp_url=settings.wechat_mp_url,
        avatar_hosts=settings.wechat_avatar_hosts,
    )
    return Site(
        settings=settings,
        vault=Vault(settings.secret_key, settings.secret_key_fallbacks),
        # Whoever waits for WeChat leaves threads to those who do not.
        http=WeChatHTTP(platform, limits=Limits(in_flight=max(1, settings.threads - FREE_THREADS))),
        # Half of the threads at most wait for the owner's other program.
        forwarder=Forwarder(ForwardLimits(in_flight=max(1, settings.threads // 2))),
        poster=Poster(permits_loopback=settings.environment is Environment.DEVELOPMENT),
        bus=make_bus(db.engine, settings),
        pauses=Pauses(),
        token_turns=TokenTurns(),
        aside=Aside(app),
        signs=Signs(),
        translate=gettext,
        translate_into=_translate_into,
    )


def _translate_into(language: str, sentence: str, /, **values: object) -> str:
    with force_locale(locale_of(language)):
        return gettext(sentence, **values)


def _add_web(app: Flask) -> None:
    languages.init_app(app)
    agreeing.init_app(app)
    desk.init_app(app)
    front_doors = {
        "anqicms": anqicms.render_error,
        "relay": relay.render_error,
        "website": website.render_error,
        "open_authorization": open_authorization.render_error,
        "anqicms_users": anqicms_envelope.render_error,
        "authing": authing.render_error,
        "authing_scans": authing_envelope.render_error,
        "authing_tokens": authing_tokens.render_error,
        "device_authorization": device_authorization.render_error,
        "introspection": introspection.render_error,
        "metadata": metadata.render_error,
        "token": token.render_error,
        "userinfo": userinfo.render_error,
        "quectel": quectel_envelope.render_error,
        "wechat_server": wechat_server.render_error,
    }
    of_operators = {blueprint.name: desk.render_error for blueprint in operator.BLUEPRINTS}
    error_pages.init_app(app, {**front_doors, **of_operators})
    app.after_request(keep_browser_secret)
    notices.init_app(app)
    timers.init_app(app)
    app.jinja_env.globals["csrf_field"] = _csrf_field
    app.jinja_env.globals["site_name"] = app.extensions["wechatlogin"].settings.site_name
    app.url_map.converters["int"] = RowNumber
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(
        escape(generate_csrf())
    )
