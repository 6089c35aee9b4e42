"""Flask and the driver: each request runs its share of recorded statements, and nothing else."""

import threading

from flask import Flask
from sqlalchemy import create_engine

from benchmarks import bare
from wechatlogin import config
from wechatlogin.models.pool import engine_options, prepare_server
from wechatlogin.models.transaction import prepare_sqlite

app = Flask(__name__)
shares = bare.read_shares()
settings = config.load()
options = engine_options(settings.database_url, threads=settings.threads, is_command=False)
engine = create_engine(settings.database_url, **options)
if engine.dialect.name == "sqlite":
    prepare_sqlite(engine)
else:
    prepare_server(engine, is_command=False)
# SQLite lets those who wait look again and again, and one of them may come too late for good.
turn = threading.Lock()


@app.get("/")
def home() -> str:
    return "ok"


@app.post("/<int:place>/<name>")
def run(place: int, name: str) -> str:
    connection = engine.raw_connection()
    try:
        with turn:
            shares[place].replay(connection, shares[place].renew(name))
    finally:
        connection.close()
    return "ok"
