"""A program on Flask-AppBuilder that reads superset_config.py as Superset does."""

import sys
from typing import Any

import superset_config
from flask import Flask, g
from flask_appbuilder import AppBuilder
from flask_appbuilder.utils.legacy import get_sqla_class
from werkzeug.serving import make_server


def create_app() -> Flask:
    """Return the program, with its tables and the role that the recipe names."""
    app = Flask("appbuilder")
    app.config["SECRET_KEY"] = "a secret of the dashboards in the tests"
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    app.config["SESSION_COOKIE_NAME"] = "appbuilder"
    app.config.from_object(superset_config)
    db = get_sqla_class()(app)
    with app.app_context():
        builder = AppBuilder(
            app, db.session, security_manager_class=app.config["CUSTOM_SECURITY_MANAGER"]
        )
        builder.sm.add_role(app.config["AUTH_USER_REGISTRATION_ROLE"])
    app.add_url_rule("/me", "me", show_me)
    return app


def show_me() -> dict[str, Any]:
    """Tell whom the program knows the browser as."""
    if not g.user.is_authenticated:
        return {"user": None}
    return {
        "user": g.user.username,
        "name": g.user.first_name,
        "email": g.user.email,
        "roles": [role.name for role in g.user.roles],
    }


if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), create_app(), threaded=True).serve_forever()
