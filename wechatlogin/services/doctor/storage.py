"""Whether what stores things is in order: the database and its tables, and Redis."""

from sqlalchemy import text

from wechatlogin.errors import SchemaAhead, SchemaBehind
from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models.transaction import WAL_SAFE_FROM
from wechatlogin.services import readiness
from wechatlogin.services.doctor.examination import Examination
from wechatlogin.services.doctor.finding import Finding, Step
from wechatlogin.services.readiness import Condition


def examine_database(exam: Examination) -> Finding:
    """Examine whether the tables are those of this version, and the library is sound."""
    dialect = db.engine.dialect
    try:
        readiness.verify_schema()
    except SchemaBehind:
        return exam.wrong(
            Step.DATABASE,
            msgid("数据库的表是旧的，应为 %(wanted)s。"),
            msgid("停下服务，备份数据库，运行 flask db upgrade，再启动。"),
            wanted=readiness.get_newest_schema(),
        )
    except SchemaAhead:
        return exam.wrong(
            Step.DATABASE,
            msgid("数据库的表属于更新的版本，这个版本不能使用。"),
            msgid("把这台机器上的服务也更新到新版本。"),
        )
    version = _version(db.session.scalar(text(_VERSIONS[dialect.name])))
    if dialect.name != "sqlite":
        return exam.ok(
            Step.DATABASE,
            msgid("%(name)s %(version)s，表是最新的。"),
            name=dialect.name,
            version=version,
        )
    if _numbers(version) < WAL_SAFE_FROM:
        return exam.ok(
            Step.DATABASE,
            msgid(
                "SQLite %(version)s，表是最新的；这个版本的 WAL 有缺陷，"
                "所以改用回滚日志，数据是安全的。"
            ),
            msgid("想更快一些，可以把 SQLite 升级到 3.51.3 以上，或者改用 PostgreSQL。"),
            version=version,
        )
    return exam.ok(Step.DATABASE, msgid("SQLite %(version)s，表是最新的。"), version=version)


def examine_redis(exam: Examination) -> Finding:
    """Examine whether Redis answers, where one is set or would be of use."""
    settings = exam.site.settings
    if settings.redis_url is None:
        if settings.workers == 1:
            return exam.ok(Step.REDIS, msgid("只有一个进程，不需要 Redis。"))
        return exam.ok(
            Step.REDIS,
            msgid("没有使用 Redis：每个进程各自计算访问次数的限制。"),
            msgid("有多台服务器，或者要严格限制次数时，设置 REDIS_URL。"),
        )
    if readiness.verify(exam.site).redis is not Condition.OK:
        return exam.wrong(
            Step.REDIS,
            msgid("连不上 Redis。登录不受影响，次数限制改为每个进程各自计算。"),
            msgid("检查 REDIS_URL 的地址和密码，以及 Redis 是否在运行。"),
        )
    return exam.ok(Step.REDIS, msgid("Redis 有应答。"))


_VERSIONS = {
    "sqlite": "SELECT sqlite_version()",
    "postgresql": "SHOW server_version",
    "mysql": "SELECT version()",
    "mariadb": "SELECT version()",
}


def _version(found: object) -> str:
    return str(found).partition(" ")[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
