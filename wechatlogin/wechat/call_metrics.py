"""What is counted of a call to WeChat."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from wechatlogin import metrics
from wechatlogin.wechat import errors
from wechatlogin.wechat.errcodes import ERRCODES


@contextmanager
def counted(path: str) -> Iterator[None]:
    """Count a call; `path` is a constant of one of our modules, so there are few."""
    started, outcome = time.perf_counter(), "ok"
    try:
        yield
    except errors.PlatformError as err:
        outcome = _outcome(err)
        raise
    finally:
        metrics.WECHAT_SECONDS.labels(path).observe(time.perf_counter() - started)
        metrics.WECHAT_CALLS.labels(path, outcome).inc()


def _outcome(err: errors.PlatformError) -> str:
    if err.errcode is None:
        return err.code
    # Whatever answers in WeChat's place could make up new numbers for ever.
    return str(err.errcode) if err.errcode in ERRCODES else "other"
