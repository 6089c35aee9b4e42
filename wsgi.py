"""What a WSGI server runs: `gunicorn -c gunicorn.conf.py wsgi:app`."""

import sys

from wechatlogin import create_app
from wechatlogin.config import SettingsError

try:
    app = create_app()
except SettingsError as err:
    sys.exit(str(err))
