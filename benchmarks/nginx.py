"""nginx before a server, with what deploy/nginx.conf says of connections, and without TLS."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.services import NotReady, running
from tests.servers import free_port

#: Each desktop takes two descriptors of one of nginx's processes.
CONFIG = """
daemon off;
worker_processes 2;
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream service {{
    server {service};
    keepalive 32;
    keepalive_timeout 30s;
  }}
  server {{
    listen {listen} backlog=4096;
    location / {{
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host {service};
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-ID $request_id;
      proxy_read_timeout 75s;
      proxy_max_temp_file_size 0;
    }}
  }}
}}
"""


@contextmanager
def before(url: str) -> Iterator[str]:
    """Run nginx before a server, and give the address at which it listens.

    :raise NotReady: if there is no nginx.
    """
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin")
    if program is None:
        raise NotReady("nginx is not installed here")
    listen = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        service = urlsplit(url).netloc
        config.write_text(CONFIG.format(folder=folder, listen=listen, service=service))
        with running([program, "-p", folder, "-c", str(config)], f"http://{listen}/healthz", {}):
            yield f"http://{listen}"
