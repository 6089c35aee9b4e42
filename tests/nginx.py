"""nginx in front of several services, as a deployment has it."""

import shutil
import subprocess
from pathlib import Path

import requests

from tests import databases
from tests.waiters import eventually

#: An nginx that keeps to one folder, as many as there may be on a machine.
FRAME = """
daemon off;
worker_processes {processes};
worker_rlimit_nofile {connections};
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {servers}
}}
"""
SERVERS = """
  upstream service {{
    server {first} max_fails=1 fail_timeout=60s;
    server {second} backup;
    keepalive 16;
  }}
  server {{
    listen {listen};
    location / {{
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_buffering off;
      proxy_read_timeout 60s;
      proxy_next_upstream error timeout;
    }}
  }}
"""


def write_config(
    folder: Path, servers: str, *, processes: int = 1, connections: int = 1024
) -> Path:
    """Write the configuration of an nginx into its folder, and return the file."""
    config = folder / "nginx.conf"
    written = FRAME.format(
        folder=folder, servers=servers, processes=processes, connections=connections
    )
    config.write_text(written)
    return config


def get_program() -> str | None:
    """Return where nginx is installed, if it is."""
    return shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin")


class Nginx:
    """Passes everything on to the first service, and to the second once the first is gone."""

    def __init__(self, folder: Path, listen: str, first: str, second: str) -> None:
        program = get_program()
        if program is None:
            databases.missing("nginx")
        config = write_config(folder, SERVERS.format(listen=listen, first=first, second=second))
        self.url = f"http://{listen}"
        self._process = subprocess.Popen([str(program), "-p", str(folder), "-c", str(config)])
        assert eventually(self._answers, 10)

    def stop(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).status_code < 600
        except requests.ConnectionError:
            return False
