"""A bare Flask view with 60 bytes of JSON."""

from flask import Flask, Response

BODY = b'{"status":"pending","expires_in":118,"number":null,"user":0}'

app = Flask(__name__)


@app.get("/")
def show() -> Response:
    return Response(BODY, mimetype="application/json")
