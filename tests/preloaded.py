"""What a process loads before it is forked into services: gunicorn and the whole service.

A service that the tests start is forked from it: loading anew took most of the time of a start.
gunicorn.conf.py makes its folder for the numbers before they are first loaded, which is over by
then, so each service is given one of its own (`tests/servers.py`).
"""

import atexit
import importlib
import os
import shutil
import tempfile

# The numbers are kept in files from now on: those of a fork where the variable leads by then.
_folder = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="wechatlogin-metrics-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)

for _module in ("gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "wechatlogin"):
    importlib.import_module(_module)
