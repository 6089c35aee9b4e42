"""How gunicorn runs the service: the settings of `wechatlogin.config`, and little else."""

import gc
import logging
import os
import shutil
import sys
import tempfile

# Each process counts into a file of its own, and the one that is asked adds them up. What counts
# takes the folder from here when it is imported; a reload of these settings keeps it.
if "prometheus_client" not in sys.modules:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="wechatlogin-metrics-")

from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http.message import Request
from gunicorn.workers import gthread
from gunicorn.workers.base import Worker
from prometheus_client import multiprocess

# The module itself would be read as gunicorn's setting `config`.
from wechatlogin import log_stream, logs, processors
from wechatlogin.config import SettingsError, load
from wechatlogin.web.parking import ParkingMiddleware
from wechatlogin.web.security import MAX_BODY

try:
    settings = load()
except SettingsError as err:
    # The text already says what to write; a stack would only hide it.
    raise SystemExit(str(err)) from None

bind = settings.bind
# A waiting browser costs a parked socket and no thread, so a few threads per core are plenty.
worker_class = "gthread"
workers = settings.workers or os.cpu_count() or 1
threads = settings.threads
# Longer than any call to WeChat may take together with the work around it.
timeout = 30
# A stop answers the parked browsers at once; this bounds the requests that are being worked on.
graceful_timeout = 15
# A stopping worker keeps idle connections for two seconds, in case a request is under way; with
# the interpreter's own end on top, a stop would not be over within the three that we promise.
gthread.STOP_KEEPALIVE_LINGER = 1.0
# A proxy in front, and a page that asks again after each wait, keep their connections.
keepalive = 35
# The longest address of ours is WeChat's way back, with code and state.
limit_request_line = 4094
# Proxies are believed by the application, which knows how many there are (TRUSTED_PROXIES).
forwarded_allow_ips = ""
# Nothing here is steered at run time, so there is no socket in the user's home for it either.
control_socket_disable = True
# The database and whatever else a worker writes belong to the service's user alone.
umask = 0o077
# Request lines carry codes and states, so gunicorn's own access log stays off; where somebody
# turns it on, it leaves out the query and the referrer.
accesslog = None
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(B)s %(D)s'
proc_name = "wechatlogin"


class logger_class(Logger):  # noqa: N801 - gunicorn's setting is called so
    """Gunicorn's own lines, in the form of ours and without the queries of addresses."""

    def setup(self, cfg: Config) -> None:
        """Set gunicorn's logger up."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
                handler.setStream(log_stream.get_stream())
            handler.setFormatter(logs.OneLine())
            handler.addFilter(logs.WithoutQueries())


def pre_fork(server: Arbiter, worker: Worker) -> None:
    """Keep what is loaded by now shared among the processes."""
    # A collection of garbage would look into each object, and so copy the pages of all.
    gc.freeze()
    if settings.pin_workers:
        worker.processor = processors.choose(
            getattr(other, "processor", None) for other in server.WORKERS.values()
        )


def pre_request(worker: Worker, req: Request) -> None:
    """Say with the answer that the connection ends, where a body is refused without being read.

    What is left of it would be thrown away up to a limit, and beyond that the connection be closed
    on which the other side, told that it may, has just sent its next request.
    """
    for name, value in req.headers:
        if name == "TRANSFER-ENCODING" or (name == "CONTENT-LENGTH" and int(value) > MAX_BODY):
            req.force_close()


def post_fork(server: Arbiter, worker: Worker) -> None:
    """Stay on the processor that was chosen for this process."""
    if (processor := getattr(worker, "processor", None)) is not None:
        processors.stay_on(processor)


def post_worker_init(worker: Worker) -> None:
    """Open the parking lot of this process, and let a stop answer everybody in it at once."""
    # What the application consists of stays; no collection has to go through it again.
    gc.collect()
    gc.freeze()
    parking = _parking_of(worker)
    if parking is not None:
        parking.lot.start()
        parking.answer_on_sigterm()


def worker_exit(server: Arbiter, worker: Worker) -> None:
    """Answer whoever still waits, however the worker came to its end."""
    parking = _parking_of(worker)
    if parking is not None:
        parking.close()


def child_exit(server: Arbiter, worker: Worker) -> None:
    """Forget who waited in a worker that is gone; what it has counted stays."""
    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Arbiter) -> None:
    """Take the folder of the numbers away."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def _parking_of(worker: Worker) -> ParkingMiddleware | None:
    # A worker whose application could not be loaded has none.
    layer = getattr(getattr(worker, "wsgi", None), "wsgi_app", None)
    return layer if isinstance(layer, ParkingMiddleware) else None
