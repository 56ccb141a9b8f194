"""Debian's nginx with the configuration of deploy/, for the time of a test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import trustme

from tests.support.daemons import ending_with_tests, engine_folder
from tests.support.engines import is_missing
from tests.support.ports import kept_ports
from tests.support.processes import members, wait_until

SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx"
NAME = "localhost"
# The name in the shipped configuration, for tests that ask through a proxy.
EXAMPLE = "farm.example.org"

MAIN = """
daemon off;
worker_processes 2;
pid nginx.pid;
error_log main.log;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path temp-body;
    proxy_temp_path temp-proxy;
    fastcgi_temp_path temp-fastcgi;
    uwsgi_temp_path temp-uwsgi;
    scgi_temp_path temp-scgi;
    include taskfarm.conf;
}}
"""


class Nginx:
    """An nginx with TLS before a server; its authority's file is what SSL_CERT_FILE is to name.

    Args:
        folder: where all of it is kept.
        port: where it listens on loopback.
        backend: the port on loopback that it passes requests on to.
        values: what else to set in the shipped files, beside ports, names and paths.
    """

    def __init__(self, folder: Path, port: int, backend: int, values: Mapping[str, str]) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = folder / "nginx.pid"
        self.port = port
        self.authority = folder / "authority.pem"
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.authority)
        issued = authority.issue_cert(NAME, EXAMPLE)
        issued.private_key_pem.write_to_path(key)
        for part in issued.cert_chain_pems:
            part.write_to_path(certificate, append=True)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN.format(user=user))
        # As it is: whatever differs from place to place is in the two files that it includes.
        shutil.copy(SHIPPED / "taskfarm.conf", folder)
        (folder / "taskfarm").mkdir()
        self._places = {
            "server 127.0.0.1:5000;": f"server 127.0.0.1:{backend};",
            "listen      443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            "listen      [::]:443 ssl;": "",
            f"server_name {EXAMPLE};": f"server_name {NAME} {EXAMPLE};",
            "/etc/ssl/taskfarm/fullchain.pem": str(certificate),
            "/etc/ssl/taskfarm/privkey.pem": str(key),
            "/var/log/nginx/taskfarm.log": str(folder / "access.log"),
            "/var/log/nginx/taskfarm-error.log": str(folder / "error.log"),
        }
        self.set(values)

    @property
    def url(self) -> str:
        """The API's URL."""
        return f"https://{NAME}:{self.port}/api/"

    @property
    def access_log(self) -> str:
        """What it logged of requests."""
        return (self._folder / "access.log").read_text()

    @property
    def logs(self) -> str:
        """All that it logged."""
        return "".join(path.read_text() for path in self._folder.glob("*.log"))

    def workers(self) -> list[int]:
        """The ids of its serving processes."""
        master = self._process.pid if self._process is not None else 0
        children = Path(f"/proc/{master}/task/{master}/children")
        return [int(pid) for pid in children.read_text().split()]

    def start(self) -> None:
        """Start it, the first time or after a kill."""
        self._process = subprocess.Popen(
            # By SIGTERM its processes end as well.
            ending_with_tests(self._command(), signal.SIGTERM),
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers)

    def reload(self) -> None:
        """Have it replace its processes, as `systemctl reload nginx` does."""
        before = set(self.workers())
        self.signal("reload")
        wait_until(lambda: self.workers() and not before & set(self.workers()))

    def signal(self, name: str) -> None:
        """Send it one of its signals, such as `reload` or `reopen`, and do not wait."""
        subprocess.run([*self._command(), "-s", name], check=True, capture_output=True)

    def kill(self) -> None:
        """Kill it with all its processes."""
        if self._process is not None:
            group = self._process.pid
            os.killpg(group, signal.SIGKILL)
            self._process.wait()
            wait_until(lambda: not members(group))  # each of them has had the port
            self._process = None
            self._pid.unlink(missing_ok=True)

    def check(self) -> str:
        """Return what nginx says of its configuration."""
        done = subprocess.run([*self._command(), "-t"], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def _command(self) -> list[str]:
        return [_binary(), "-p", str(self._folder), "-c", str(self._folder / "nginx.conf")]

    def set(self, values: Mapping[str, str]) -> None:
        """Write the shipped files with these values, for the next start or reload."""
        texts = {name: (SHIPPED / "taskfarm" / name).read_text() for name in FILES}
        for old, new in {**self._places, **values}.items():
            assert sum(text.count(old) for text in texts.values()) == 1, old
            texts = {name: text.replace(old, new) for name, text in texts.items()}
        for name, text in texts.items():
            (self._folder / "taskfarm" / name).write_text(text)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "main.log").read_text()
        if not self._pid.exists():  # by which a reload finds it
            return False
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


FILES = ("backend.conf", "front.conf")


@contextmanager
def nginx_before(backend: int, values: Mapping[str, str] | None = None) -> Iterator[Nginx]:
    """Run an nginx before the server on a port of loopback."""
    with engine_folder("nginx") as folder, kept_ports(1) as (port,):
        nginx = Nginx(folder, port, backend, values or {})
        try:
            nginx.start()
            yield nginx
        finally:
            nginx.kill()


def _binary() -> str:
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        is_missing("nginx", "apt-get install nginx-light")
    return found
