"""What deploy/ and docs/deployment.md name exists, and their numbers fit the service's own.

nginx and systemd judge their files themselves where they are installed; the backups of the document
are made while somebody writes, restored by its own commands, and opened.
"""

import configparser
import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.cli import FlaskGroup
from flask_migrate import upgrade
from sqlalchemy import make_url, select

from tests import databases, nginx
from tests.servers import ROOT, settings_for_tests
from wechatlogin import create_app
from wechatlogin.config import Settings
from wechatlogin.extensions import db
from wechatlogin.models import Identity, User
from wechatlogin.models.transaction import write
from wechatlogin.services import readiness
from wechatlogin.web import parked, parking_lot, security

DEPLOY = ROOT / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
DOCUMENT = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
NGINX = nginx.DEPLOYED
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: Any = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
GUNICORN = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
SERVICES = ("wechatlogin-1", "wechatlogin-2")

#: Written on the machine: by `make`, by whoever deploys, by the service.
MADE_THERE = {".env", ".venv/bin/flask", ".venv/bin/gunicorn", "instance"}
#: Variables that are read by somebody else.
NOT_OURS = {"PATH", "POSTGRES_PASSWORD", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
#: The tables of the document with a command for each database, in this order.
ROWS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
PEOPLE = {f"{number:032x}": f"林小满 {number}" for number in range(50)}


def unit(name: str) -> configparser.ConfigParser:
    # A unit may say ExecStart twice, and its names are in capitals and small letters.
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(DEPLOY / name, encoding="utf-8")
    return parser


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def number_in(pattern: str, text: str) -> int:
    return int(re.findall(pattern, text, re.MULTILINE)[0])


def graceful_seconds() -> int:
    return number_in(r"^graceful_timeout = (\d+)", GUNICORN)


def descriptors_needed() -> int:
    return int(Settings.model_fields["max_waiting"].default) + parking_lot.RESERVED_DESCRIPTORS


def commands_in(text: str) -> set[str]:
    found = re.findall(r"flask (?:--app wsgi )?([a-z]+(?:-[a-z]+)*(?: [a-z]+(?:-[a-z]+)*)?)", text)
    return set(found)


def test_every_path_of_the_units_exists_or_is_made_on_the_machine() -> None:
    texts = "".join(file.read_text(encoding="utf-8") for file in UNITS)
    named = set(re.findall(r"/opt/wechatlogin/([\w./-]*\w)", texts))

    assert [path for path in sorted(named - MADE_THERE) if not (ROOT / path).exists()] == []


def test_every_file_of_deploy_that_the_document_copies_exists() -> None:
    named = re.findall(r"deploy/([\w.*-]+\w)", DOCUMENT) + re.findall(r"cp (\.\S+) ", DOCUMENT)

    assert [name for name in named if not list(DEPLOY.glob(name))] == []


def test_the_image_is_made_of_files_that_exist_and_are_not_ignored() -> None:
    copied = {
        source
        for words in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in words.split()[:-1]
    }
    let_in = {line.removeprefix("!") for line in IGNORED if line.startswith("!")}

    assert copied == let_in
    assert [source for source in sorted(copied) if not (ROOT / source).exists()] == []
    assert IGNORED[1] == "*"


def test_the_image_does_not_run_as_root_and_asks_whether_it_is_ready() -> None:
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)

    assert users[-1].split(":")[0] not in {"root", "0"}
    assert DOCKERFILE.rindex("\nFROM ") < DOCKERFILE.rindex("\nUSER ")
    assert "/readyz" in DOCKERFILE[DOCKERFILE.index("HEALTHCHECK") :]


def test_compose_names_files_services_and_volumes_that_exist() -> None:
    services = COMPOSE["services"]
    ignored_there = (DEPLOY / ".gitignore").read_text(encoding="utf-8")
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
        assert set(service["networks"]) <= set(COMPOSE["networks"]), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            is_ours = source.startswith("./") and (
                (DEPLOY / source).exists() or f"/{source[2:]}/" in ignored_there
            )
            assert is_ours or source in COMPOSE["volumes"], source
    build = services["wechatlogin-1"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).samefile(DEPLOY / "Dockerfile")
    assert f"/{services['wechatlogin-1']['env_file']}\n" in ignored_there


def test_nginx_of_compose_finds_each_service_under_the_name_that_it_has_there() -> None:
    named = re.findall(r"^ +server ([\w-]+):8000 ", NGINX, re.MULTILINE)

    assert tuple(named) == SERVICES
    assert set(SERVICES) <= set(COMPOSE["services"])
    addresses = [COMPOSE["services"][name]["networks"]["front"]["ipv4_address"] for name in named]
    assert len(set(addresses)) == len(SERVICES)


def test_the_tables_are_made_before_a_container_starts() -> None:
    migration = COMPOSE["services"]["migration"]

    assert migration["restart"] == "no"
    assert commands_in(" ".join(migration["command"])) == {"db upgrade"}
    for name in SERVICES:
        condition = COMPOSE["services"][name]["depends_on"]["migration"]["condition"]
        assert condition == "service_completed_successfully"


def test_every_setting_that_is_named_is_one() -> None:
    example = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?([A-Z_]+)=", f"{example}\n{DOCUMENT}", re.MULTILINE))
    named |= set(re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", DOCUMENT))
    named |= set(re.findall(r"^(?:ENV| {4}) ?([A-Z_]+)=", DOCKERFILE, re.MULTILINE))
    named |= {name for each in SERVICES for name in COMPOSE["services"][each]["environment"]}
    settings = {name.upper() for name in Settings.model_fields}

    assert {"SECRET_KEY", "BIND", "TRUSTED_PROXIES", "DATABASE_URL"} <= named
    assert sorted(named - settings - NOT_OURS) == []


def test_every_command_that_is_named_is_one(empty_app: Flask) -> None:
    texts = [DOCUMENT, *(file.read_text(encoding="utf-8") for file in UNITS)]
    named = {words for text in texts for words in commands_in(text)}
    runner = empty_app.test_cli_runner()
    program = FlaskGroup(create_app=lambda: empty_app)

    # app.cli alone lacks the commands of Flask-Migrate.
    unknown = [
        words
        for words in sorted(named)
        if runner.invoke(program, [*words.split(), "--help"]).exit_code != 0
    ]

    assert {"db upgrade", "purge", "logout deliver", "webhook deliver"} <= named
    assert unknown == []


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_every_unit_can_be_parsed_and_a_timer_has_its_service(file: Path) -> None:
    parsed = unit(file.name)

    assert parsed.get("Unit", "Description")
    if file.suffix == ".timer":
        assert file.with_suffix(".service").exists()
        assert parsed.get("Install", "WantedBy") == "timers.target"
    else:
        assert parsed.get("Service", "User") == "wechatlogin"
        assert parsed.get("Service", "ExecStart").startswith("/opt/wechatlogin/.venv/bin/")


def test_the_unit_starts_what_make_run_starts() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    arguments = re.findall(r"@exec \$\(BIN\)/(gunicorn .+)$", makefile, re.MULTILINE)[0]

    assert unit("wechatlogin.service").get("Service", "ExecStart").endswith(f"/{arguments}")
    assert re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)[-1] == (
        "[" + ", ".join(f'"{word}"' for word in arguments.split()) + "]"
    )


def test_a_stop_is_given_longer_than_gunicorn_takes_and_descriptors_for_all_who_wait() -> None:
    service = unit("wechatlogin.service")["Service"]
    assert seconds(service["TimeoutStopSec"]) > graceful_seconds()
    assert int(service["LimitNOFILE"]) >= descriptors_needed()

    for name in SERVICES:
        container = COMPOSE["services"][name]
        assert seconds(container["stop_grace_period"]) > graceful_seconds()
        assert container["ulimits"]["nofile"] >= descriptors_needed()


def test_nginx_waits_longer_than_the_service_may() -> None:
    field = Settings.model_fields["max_wait_seconds"]
    most = max(limit.le for limit in field.metadata if hasattr(limit, "le"))
    longest = most + parking_lot.REREAD_SECONDS + parked.WRITE_SECONDS

    assert number_in(r"^ +proxy_read_timeout (\d+)s;", NGINX) > longest
    assert "proxy_ignore_client_abort off;" in NGINX


def test_nginx_lets_go_of_idle_connections_before_gunicorn_does() -> None:
    kept_by_us = number_in(r"^keepalive = (\d+)", GUNICORN)

    assert number_in(r"^ +keepalive_timeout (\d+)s;", NGINX) < kept_by_us


def test_nginx_says_what_the_service_believes_and_takes_as_much() -> None:
    headers = dict(re.findall(r"^ +proxy_set_header (\S+) (\S+);", NGINX, re.MULTILINE))

    assert headers == {
        "Connection": '""',
        "Host": "$host",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": "$scheme",
        "X-Request-ID": "$request_id",
    }
    assert number_in(r"^ +client_max_body_size (\d+)k;", NGINX) * 1024 == security.MAX_BODY


def test_nginx_sends_no_form_twice_and_writes_no_address_down() -> None:
    again = re.findall(r"^ +proxy_next_upstream (.+);", NGINX, re.MULTILINE)
    log_format = NGINX[NGINX.index("log_format") : NGINX.index("access_log")]

    assert again == ["error timeout"]
    assert not re.search(r"\$(request|uri|request_uri|args|http_referer|remote_addr)\b", log_format)


def test_nginx_itself_takes_its_file(tmp_path: Path) -> None:
    program = nginx.require_program()
    nginx.write_certificate(tmp_path)
    file = tmp_path / "nginx.conf"
    here = ("127.0.0.1:8001", "127.0.0.1:8002")
    file.write_text(nginx.at_home(NGINX, tmp_path, here), encoding="utf-8")

    judged = run(program, "-t", "-c", str(file))

    assert judged.returncode == 0, judged.stderr


def test_systemd_itself_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed here")
    for file in UNITS:
        text = re.sub(r"/opt/wechatlogin/\.venv/bin/\w+", "/bin/true", file.read_text("utf-8"))
        # There is no such user here.
        text = re.sub(r"^(User|Group)=.*\n", "", text, flags=re.MULTILINE)
        (tmp_path / file.name).write_text(text, encoding="utf-8")

    copies = [str(tmp_path / file.name) for file in UNITS]
    judged = run("systemd-analyze", "verify", "--man=no", *copies)

    assert [line for line in judged.stderr.splitlines() if str(tmp_path) in line] == []


@pytest.mark.parametrize("kind", databases.KINDS)
def test_a_backup_made_while_somebody_writes_is_restored_with_the_same_people(
    kind: str, tmp_path: Path
) -> None:
    (tmp_path / "restored").mkdir()
    with (
        databases.fresh_database(kind, tmp_path) as live,
        databases.fresh_database(kind, tmp_path / "restored") as empty,
    ):
        app = create_app(settings_for_tests(database_url=live))
        with app.app_context():
            upgrade()
            add_people(PEOPLE)
            with write() as session:
                add_people({"f" * 32: "never committed"})
                run_of_document("backup", kind, live, tmp_path)
                session.rollback()
            close()
        run_of_document("restore", kind, empty, tmp_path)

        assert read_people(empty) == PEOPLE


@pytest.mark.database("sqlite")
def test_sqlites_other_way_makes_a_copy_with_the_same_people(
    empty_app: Flask, tmp_path: Path
) -> None:
    copy = tmp_path / "today.db"
    command = re.findall(r"`(VACUUM INTO) '", DOCUMENT)[0]
    with empty_app.app_context():
        add_people(PEOPLE)
        live = str(db.engine.url.database)

        with closing(sqlite3.connect(live)) as connection:
            connection.execute(f"{command} ?", (str(copy),))

    assert read_people(f"sqlite:///{copy}") == PEOPLE


def run_of_document(what: str, kind: str, url: str, folder: Path) -> None:
    """Run the document's command to back a database up, or to restore it, on this one."""
    rows = re.findall(rf"^\| {ROWS[kind]} \| .*`([^`]+)` \|$", DOCUMENT, re.MULTILINE)
    command = rows[0 if what == "backup" else 1].replace("/var/backups/wechatlogin", str(folder))
    if shutil.which(command.split()[0]) is None:
        pytest.skip(f"{command.split()[0]} is not installed here")
    address = make_url(url)
    if kind == "sqlite":
        command = command.replace("instance/wechatlogin.db", str(address.database))
        command = command.replace("-o wechatlogin -g wechatlogin ", "")
    elif kind == "postgresql":
        plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
        command = command.replace("postgresql://wechatlogin@10.0.0.5/wechatlogin", plain)
    else:
        command = command.replace("--host=10.0.0.5", f"--host={address.host} -u{address.username}")
        command = re.sub(r" wechatlogin( <|$)", rf" {address.database}\1", command)
    done = run("bash", "-c", command, MYSQL_PWD=address.password or "")

    assert done.returncode == 0, done.stderr


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(words, env=environment, capture_output=True, text=True)


def add_people(people: dict[str, str]) -> None:
    with write() as session:
        for user_id, nickname in people.items():
            session.add(User(id=user_id, created_at=NOW))
            session.flush()
            session.add(
                Identity(
                    user_id=user_id,
                    appid="wx0123456789abcdef",
                    openid=f"o-{user_id}",
                    nickname=nickname,
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
        session.flush()


def read_people(url: str) -> dict[str, str | None]:
    """Return everybody whom a service over this database knows, once it says that it is ready."""
    app = create_app(settings_for_tests(database_url=url))
    with app.app_context():
        assert readiness.verify_schema() == readiness.get_newest_schema()
        found = db.session.execute(select(Identity.user_id, Identity.nickname)).all()
        close()
    return {row.user_id: row.nickname for row in found}


def close() -> None:
    db.session.remove()
    db.engine.dispose()
