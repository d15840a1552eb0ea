"""The page's server: read-only, of this machine alone unless told otherwise, and nothing from elsewhere.

GET / is the page, /description.json what does not change, /state.json the state, /events the state whenever it changes
(server-sent events), /picture/CAMERA.jpg the latest picture. With a token every address needs `?token=...`.
"""

import ipaddress
import json
import secrets
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from orpose_models.view.state import ViewState
from orpose_models.vocabulary.errors import OrposeError

PAGE = Path(__file__).with_name("page.html")
DEFAULT_PORT = 8642
_PERIOD = 0.1  # seconds between two events at least
_PATIENCE = 2.0  # seconds after which an event is sent though nothing changed
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class ViewServer:
    """Serves a state until it is closed.

    Args:
        state: what is shown.
        host: address to bind to; another than this machine's own needs a token.
        port: 0 for any free one.
        token: what readers must know; empty for nothing.

    Raises:
        OrposeError: the address cannot be bound to, or others could read without a token.
    """

    def __init__(self, state: ViewState, host: str = "127.0.0.1", port: int = DEFAULT_PORT, token: str = "") -> None:
        if not token and not _is_local(host):
            raise OrposeError(f"the view would be open to everybody on {host}: give a token, or bind to 127.0.0.1")

        class Handler(_Handler):
            pass

        Handler.state, Handler.token, Handler.local = state, token, _is_local(host)
        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise OrposeError(f"the view cannot be served on {host}:{port}: {(error.strerror or error)}") from None
        self._server.daemon_threads = True
        self._host, self._token = host, token
        self._thread = Thread(target=self._server.serve_forever, name="orpose-view", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What to type into a browser of this machine."""
        host = "127.0.0.1" if self._host in ("", "0.0.0.0") else self._host
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self._server.server_address[1]}/" + (f"?token={self._token}" if self._token else "")

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: ViewState
    token: str
    local: bool
    server_version, sys_version = "orpose", ""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if not self._is_allowed(parse_qs(parts.query).get("token", [""])[0]):
            return
        path = unquote(parts.path)
        if path == "/":
            self._send_page()
        elif path == "/description.json":
            self._send(json.dumps(self.state.description()).encode(), "application/json")
        elif path == "/state.json":
            self._send(self.state.wait(-1, 0.0)[1].encode(), "application/json")
        elif path == "/events":
            self._send_events()
        elif path.startswith("/picture/") and path.endswith(".jpg"):
            picture = self.state.picture(path.removeprefix("/picture/").removesuffix(".jpg"))
            if picture is None:
                self._refuse(HTTPStatus.NOT_FOUND, "no picture of this camera")
            else:
                self._send(picture, "image/jpeg")
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: addresses may hold the token."""

    def _is_allowed(self, token: str) -> bool:
        # A page from elsewhere must not reach us by a name of its own that leads to this machine.
        host = self.headers.get("Host", "").rpartition(":")[0].strip("[]") or self.headers.get("Host", "")
        if self.local and not (host == "localhost" or _is_local(host)):
            self._refuse(HTTPStatus.FORBIDDEN, "this view answers to the machine's own name alone")
            return False
        if self.token and not secrets.compare_digest(token.encode(), self.token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN, "the token is missing or wrong: add ?token=...")
            return False
        return True

    def _send_page(self) -> None:
        nonce = secrets.token_urlsafe(16)
        first = {"description": self.state.description(), "state": json.loads(self.state.wait(-1, 0.0)[1])}
        page = PAGE.read_text(encoding="utf-8").replace("NONCE", nonce)
        # A name must not end the script that it stands in.
        page = page.replace("FIRST", json.dumps(first).replace("<", "\\u003c"))
        self._send(page.encode(), "text/html; charset=utf-8", _POLICY.format(nonce=nonce))

    def _send(self, content: bytes, kind: str, policy: str = "default-src 'none'") -> None:
        self._head(HTTPStatus.OK, kind, policy, len(content))
        self.wfile.write(content)

    def _head(self, status: HTTPStatus, kind: str, policy: str, length: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._head(status, "text/plain; charset=utf-8", "default-src 'none'", len(reason))
        self.wfile.write(reason.encode())

    def _send_events(self) -> None:
        self._head(HTTPStatus.OK, "text/event-stream", "default-src 'none'", None)
        version = -1
        try:
            while True:
                version, content = self.state.wait(version, _PATIENCE)
                self.wfile.write(f"data: {content}\n\n".encode())
                self.wfile.flush()
                time.sleep(_PERIOD)
        except OSError:  # the reader has gone
            return


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
