"""nginx before a server, with what deploy/nginx.conf says of connections, and without TLS."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.services import NotReady, running
from tests import nginx
from tests.servers import free_port

PROCESSES = 2
#: Each desktop takes two descriptors of one of nginx's processes.
CONNECTIONS = 20_000
SERVERS = """
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
"""


@contextmanager
def before(url: str) -> Iterator[str]:
    """Run nginx before a server, and give the address at which it listens.

    :raise NotReady: if there is no nginx.
    """
    program = nginx.get_program()
    if program is None:
        raise NotReady("nginx is not installed here")
    listen = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as folder:
        servers = SERVERS.format(listen=listen, service=urlsplit(url).netloc)
        config = nginx.write_config(
            Path(folder), servers, processes=PROCESSES, connections=CONNECTIONS
        )
        with running([program, "-p", folder, "-c", str(config)], f"http://{listen}/healthz", {}):
            yield f"http://{listen}"
