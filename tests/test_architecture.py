"""The layers of the house: imports go down only.

web   compat   oidc       Flask lives here
services
models
wechat                    no Flask, no database
clock config errors extensions i18n log_stream logs metrics policies
processors vault           leaves, beside it
simulator                 a second program, which shares `wechat.crypto` alone
"""

import ast

import pytest

from tests import source_tree
from tests.source_tree import PACKAGE, Imported, PythonFile

BLUEPRINTS = ("web", "compat", "oidc")
LEAVES = (
    *("clock", "config", "errors", "extensions", "i18n", "log_stream", "logs", "metrics"),
    *("policies", "processors", "vault"),
)
# What builds the application or starts it may use everything that is not the simulator.
OUTSIDE = ("", "cli", "demo", "__main__")

# What each part may import of ours, besides itself.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "web": ("services", "models", "wechat", *LEAVES),
    # The other doors share how a request is read and a browser told apart with our own pages.
    **dict.fromkeys(("compat", "oidc"), ("web", "services", "models", "wechat", *LEAVES)),
    "services": ("models", "wechat", *LEAVES),
    "models": ("wechat", *LEAVES),
    "wechat": ("errors", "i18n", "logs", "metrics"),
    **dict.fromkeys(LEAVES, LEAVES),
    **dict.fromkeys(OUTSIDE, (*BLUEPRINTS, "services", "models", "wechat", *LEAVES, "", "cli")),
    "simulator": (),
}
SHARED_WITH_SIMULATOR = f"{PACKAGE}.wechat.crypto"

FLASK_HOMES = (*BLUEPRINTS, "simulator", "extensions", *OUTSIDE)
DATABASE = ("sqlalchemy", "flask_sqlalchemy", "alembic", "psycopg", "pymysql", "redis")
HTTP_CLIENTS = (
    "requests",
    "httpx",
    "urllib3",
    "urllib.request",
    "http.client",
    "authlib.integrations.requests_client",
)
#: How services reach WeChat, the owner's other program and the programs that people log in to.
OUTSIDE_CALLS = (
    "wechat_apps.client",
    "site.http",
    "site.forwarder",
    "site.poster",
    "followers_only.find_out",
    "followers_only.look_again",
    "following.ask",
)
CLOCK_READERS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime"},
}
CLOCKS = (f"{PACKAGE}.clock", f"{PACKAGE}.simulator.clock")


def part_of(module: str) -> str:
    """Return the part of the house a module of ours is in: `web`, `errors`, or "" for the root."""
    return module.split(".")[1] if "." in module else ""


def imports_of_ours(file: PythonFile) -> list[Imported]:
    return [imported for imported in file.imports() if imported.is_in(PACKAGE)]


def test_every_module_has_its_place() -> None:
    strays = [
        file.name for file in source_tree.package_files() if part_of(file.module) not in MAY_IMPORT
    ]

    assert not strays, f"say in this file where these stand: {strays}"


@pytest.mark.parametrize("part", MAY_IMPORT, ids=lambda part: part or "package")
def test_imports_go_down_only(part: str) -> None:
    allowed = {part, *MAY_IMPORT[part]}
    shared = [SHARED_WITH_SIMULATOR] if part == "simulator" else []
    # The demo is there to start the simulator beside the service.
    allowed |= {"simulator"} if part == "demo" else set()

    upward = [
        f"{file.at(imported.line)} imports {imported.module}"
        for file in source_tree.package_files()
        if part_of(file.module) == part
        for imported in imports_of_ours(file)
        if _target(imported) not in allowed and not any(imported.is_in(door) for door in shared)
    ]

    assert not upward, f"{part or PACKAGE} may import {sorted(allowed)} only: {upward}"


def _target(imported: Imported) -> str:
    part = part_of(imported.module)
    # `from wechatlogin import create_app` names something of the root, not a part.
    return part if part in MAY_IMPORT else ""


def test_what_the_simulator_shares_depends_on_nothing_but_leaves() -> None:
    beyond = [
        f"{file.at(imported.line)} imports {imported.module}"
        for file in source_tree.package_files()
        if file.module == SHARED_WITH_SIMULATOR
        for imported in imports_of_ours(file)
        if part_of(imported.module) not in MAY_IMPORT["wechat"]
    ]

    assert not beyond, beyond


def test_flask_is_met_only_at_the_edge() -> None:
    inside = [
        f"{file.at(imported.line)} imports {imported.module}"
        for file in source_tree.package_files()
        if part_of(file.module) not in FLASK_HOMES
        for imported in file.imports()
        if imported.module.split(".")[0].startswith("flask")
    ]

    assert not inside, f"Flask belongs to {FLASK_HOMES}: {inside}"


@pytest.mark.parametrize("part", ["wechat", "simulator"])
def test_the_platform_client_and_the_simulator_know_no_database(part: str) -> None:
    found = [
        f"{file.at(imported.line)} imports {imported.module}"
        for file in source_tree.package_files()
        if part_of(file.module) == part
        for imported in file.imports()
        if any(imported.is_in(name) for name in DATABASE)
    ]

    assert not found, found


def test_one_place_talks_http() -> None:
    elsewhere = [
        f"{file.at(imported.line)} imports {imported.module}"
        for file in source_tree.package_files()
        if part_of(file.module) not in {"wechat", "simulator", "demo"}
        for imported in file.imports()
        if any(imported.is_in(name) for name in HTTP_CLIENTS)
    ]

    assert not elsewhere, f"HTTP clients belong to wechat/: {elsewhere}"


def test_one_place_reads_the_clock() -> None:
    elsewhere = [
        f"{file.at(node)} reads the clock"
        for file in source_tree.package_files()
        if file.module not in CLOCKS
        for node in ast.walk(file.tree)
        if _reads_the_clock(node)
    ]

    assert not elsewhere, f"take `now` as an argument, or call clock.now() at the edge: {elsewhere}"


def _reads_the_clock(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom) and node.module == "time":
        return any(alias.name in CLOCK_READERS["time"] for alias in node.names)
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value.attr if isinstance(node.value, ast.Attribute) else None
    owner = node.value.id if isinstance(node.value, ast.Name) else owner
    return owner is not None and node.attr in CLOCK_READERS.get(owner, set())


def test_one_place_decodes_jwts() -> None:
    """One helper checks algorithm, issuer, audience and expiry, so that nobody forgets one."""
    callers = {
        file.name
        for file in source_tree.package_files()
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Attribute) and node.attr == "decode"
        if isinstance(node.value, ast.Name) and node.value.id == "jwt"
    }

    assert len(callers) <= 1, f"jwt.decode belongs to one module: {sorted(callers)}"


def test_imports_are_absolute() -> None:
    relative = [
        file.at(node)
        for file in source_tree.python_files()
        for node in ast.walk(file.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]

    assert not relative, relative


def test_only_the_demo_and_the_tests_import_the_simulator() -> None:
    strangers = [
        f"{file.at(imported.line)} imports {imported.module}"
        for file in source_tree.python_files()
        if not file.name.startswith("tests/") and part_of(file.module) not in {"simulator", "demo"}
        for imported in file.imports()
        if imported.is_in(f"{PACKAGE}.simulator")
    ]

    assert not strangers, strangers


def test_whoever_opens_a_unit_of_writes_can_run_again() -> None:
    """A conflict undoes the unit, and only its function knows how to begin anew."""
    not_repeatable = [
        f"{file.at(function)} {function.name}"
        for file in source_tree.package_files()
        for function in file.functions()
        if any(_opens_a_unit(node) for node in ast.walk(function))
        if "repeatable" not in map(ast.unparse, function.decorator_list)
    ]

    assert not not_repeatable, f"mark them @repeatable: {not_repeatable}"


def _opens_a_unit(node: ast.AST) -> bool:
    contexts = node.items if isinstance(node, ast.With) else []
    return any(ast.unparse(item.context_expr) == "write()" for item in contexts)


def test_whoever_can_run_again_asks_nobody_outside() -> None:
    """A call to WeChat or to a program is made once, so it stands in another function."""
    asking = [
        f"{file.at(function)} {function.name}: {called}"
        for file in source_tree.package_files()
        for function in file.functions()
        if "repeatable" in map(ast.unparse, function.decorator_list)
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        if (called := ast.unparse(node.func)).startswith(OUTSIDE_CALLS)
    ]

    assert not asking, f"ask first, and write in a function of its own: {asking}"
