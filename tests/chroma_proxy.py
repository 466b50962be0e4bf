"""A reverse proxy on loopback before a Chroma server: it asks for a token, and speaks TLS where it has a certificate.

Chroma's own server checks no tokens any more; an operator puts a proxy such as this before it.
"""

import ssl
import subprocess
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

TOKEN = "ch-hunter2"


class Proxy(ThreadingHTTPServer):
    """Pass requests on to a Chroma server at `target`; what it asks for may be changed while it runs."""

    daemon_threads = True

    def __init__(self, target: str, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target, self.token, self.prefix, self.pause = target, TOKEN, "", 0.0
        self.failures = 0  # of questions to come
        self.asked = list[str]()
        self.client = httpx.Client(timeout=60)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that breaks off."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass_on(self) -> None:
        proxy = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy.asked.append(self.path)
        time.sleep(proxy.pause)
        if self.headers.get("X-Chroma-Token") != proxy.token:
            return self._reply(401, b"<html>401 Authorization Required</html>")
        if not self.path.startswith(proxy.prefix):
            return self._reply(404, b"<html>not here</html>")
        if self.path.endswith("/query") and proxy.failures:
            proxy.failures -= 1
            return self._reply(500, b'{"error": "InternalError", "message": "Nothing found on disk"}')
        kind = {"Content-Type": self.headers.get("Content-Type") or "application/json"}
        path = self.path.removeprefix(proxy.prefix)
        found = proxy.client.request(self.command, proxy.target + path, content=body, headers=kind)
        return self._reply(found.status_code, found.content)

    do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815  http.server's names

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def proxy(target: str, certificate: Path | None = None) -> Generator[Proxy]:
    """Run the proxy before the server at `target`."""
    server = Proxy(target, certificate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        server.client.close()


def certificate(folder: Path, name: str, host: str = "127.0.0.1") -> Path:
    """Make a certificate for a host that is signed by itself; return the file that holds it and its key."""
    file = folder / f"{name}.pem"
    made = f"-keyout {folder / 'key'} -out {folder / 'certificate'} -days 2 -subj /CN={name}"
    kind = "IP" if host[0].isdecimal() else "DNS"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes {made} -addext subjectAltName={kind}:{host}"
    subprocess.run(command.split(), check=True, capture_output=True)
    file.write_text((folder / "key").read_text() + (folder / "certificate").read_text())
    return file
