"""An empty Flask application; `/` is there to tell when it has started."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def home() -> str:
    return "ok"
