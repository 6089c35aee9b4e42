"""Flask and wechatpy: check, decrypt, parse and encrypt a push in safe mode, and nothing else."""

import json
import os

from flask import Flask, Response, request

from benchmarks.baselines import wechatpy_messages

app = Flask(__name__)
reader = wechatpy_messages.Reader(**json.loads(os.environ[wechatpy_messages.ACCOUNT_VARIABLE]))


@app.get("/")
def home() -> str:
    return "ok"


@app.post("/push")
def receive() -> Response:
    sealed = reader.answer(request.args.to_dict(), request.get_data())
    return Response(sealed, mimetype="application/xml")
