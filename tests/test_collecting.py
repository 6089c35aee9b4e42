"""What the garbage collector of a worker leaves alone."""

import os
import subprocess
import sys

from tests.servers import ROOT, settings_for_tests
from wechatlogin import config

SCRIPT = """
import gc, runpy
class Worker:
    wsgi = None
hooks = runpy.run_path("gunicorn.conf.py")
class Arbiter:
    WORKERS = {}
hooks["pre_fork"](Arbiter(), Worker())
shared = gc.get_freeze_count()
application = [[] for _ in range(1000)]
hooks["post_worker_init"](Worker())
print(shared, gc.get_freeze_count())
hooks["on_exit"](None)
"""


def test_what_is_loaded_is_shared_and_never_looked_through_again() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={**os.environ, **config.as_environment(settings_for_tests())},
        capture_output=True,
        text=True,
        check=True,
    )

    shared, frozen = map(int, ran.stdout.split())
    assert shared > 10_000
    assert frozen >= shared + 1000
