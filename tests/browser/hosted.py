"""What AWS is to the hosted page, on this machine: CloudFront, Cognito, and a shared beginning.

The embedded AWS has the API, which checks signatures and policies; its STS gives the credentials.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import urllib3

from thriftline_cli.page.hosted_files import hosted_files, settings_of
from thriftline_cli.ui.answers import CSP
from thriftline_cli.ui.files import Files, page_folder

Headers = dict[str, str]
Reply = tuple[int, Headers, bytes]
POOL, CLIENT, IDENTITY_POOL, REGION = "us-east-1_page", "client-1", "us-east-1:pool", "us-east-1"
_JSON = {"Content-Type": "application/json"}
# What CloudFront keeps to itself of a viewer's request under AllViewerExceptHostHeader, and what
# shows the embedded AWS that a browser is behind this, which it refuses and AWS does not.
_OWN = ("host", "connection", "content-length", "accept-encoding", "origin", "referer", "sec-")


class Loopback(ThreadingHTTPServer):
    """Answers by a function of method, target, headers and body."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answer: Callable[[str, str, Headers, bytes], Reply] = lambda *_: (404, {}, b"")
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Loopback
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, given, answer = self.server.answer(self.command, self.path, headers, body)
        try:
            self.send_response(status)
            for name, value in {**given, "Content-Length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)
        except (BrokenPipeError, ConnectionResetError):
            # The browser left the page; nobody reads this.
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = _serve

    def log_message(self, format: str, *arguments: object) -> None:
        """Logs nothing."""


@dataclass
class Cognito:
    """The login page, the token endpoint and the identity pool.

    ``assume`` returns STS's credentials of a role; ``person`` is who signs in next.
    """

    assume: Callable[[str], Mapping[str, Any]]
    page: str
    person: tuple[str, str] = ("ann@example.com", "Readers")
    token_seconds: int = 3600
    key_seconds: int = 3600
    takes_refresh: bool = True
    asked: list[str] = field(default_factory=list)
    server: Loopback = field(default_factory=Loopback)
    _codes: dict[str, tuple[str, tuple[str, str]]] = field(default_factory=dict)
    _tokens: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server.answer = self._answer

    def _answer(self, method: str, target: str, headers: Headers, body: bytes) -> Reply:
        parts = urlsplit(target)
        query = {name: one[0] for name, one in parse_qs(parts.query).items()}
        cors = {"Access-Control-Allow-Origin": self.page}
        if method == "OPTIONS":
            allowed = {"Access-Control-Allow-Headers": "content-type,x-amz-target"}
            return 204, {**cors, **allowed}, b""
        if parts.path == "/oauth2/authorize":
            return self._login(query)
        if parts.path == "/logout":
            return self._back(query["logout_uri"], {})
        if parts.path == "/oauth2/revoke":
            form = {name: one[0] for name, one in parse_qs(body.decode()).items()}
            self._tokens.pop(form["token"])
            return 200, {}, b""
        if parts.path == "/oauth2/token":
            form = {name: one[0] for name, one in parse_qs(body.decode()).items()}
            status, answer = self._granted(form)
        else:
            action = headers["x-amz-target"].removeprefix("AWSCognitoIdentityService.")
            self.asked.append(action)
            status, answer = self._identity(action, json.loads(body))
        return status, {**cors, **_JSON}, json.dumps(answer).encode()

    def _back(self, address: str, query: Mapping[str, str]) -> Reply:
        assert address == f"{self.page}/", "no address that is registered"
        return 302, {"Location": f"{address}?{urlencode(query)}" if query else address}, b""

    def _login(self, query: Mapping[str, str]) -> Reply:
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        assert query["scope"] == "openid email"
        code = secrets.token_hex(8)
        self._codes[code] = (query["code_challenge"], self.person)
        return self._back(query["redirect_uri"], {"code": code, "state": query["state"]})

    def _granted(self, form: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        self.asked.append(form["grant_type"])
        refused = (400, {"error": "invalid_grant"})
        if form["client_id"] != CLIENT:
            return 400, {"error": "invalid_client"}
        if form["grant_type"] == "refresh_token":
            person = self._tokens.get(form["refresh_token"])
            if person is None or not self.takes_refresh:
                return refused
            return 200, self._made(person)
        challenge, person = self._codes.pop(form["code"], ("", self.person))
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != challenge:
            return refused
        if form["redirect_uri"] != f"{self.page}/":
            return refused
        refresh = secrets.token_hex(8)
        self._tokens[refresh] = person
        return 200, {**self._made(person), "refresh_token": refresh}

    def _made(self, person: tuple[str, str]) -> dict[str, Any]:
        payload = json.dumps({"email": person[0], "n": secrets.token_hex(4)}).encode()
        token = f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.signature"
        self._tokens[token] = person
        return {"id_token": token, "access_token": "x", "expires_in": self.token_seconds}

    def _identity(self, action: str, asked: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        token = asked["Logins"][f"cognito-idp.{REGION}.amazonaws.com/{POOL}"]
        person = self._tokens.get(token)
        if person is None:
            return 400, {"__type": "NotAuthorizedException", "message": "Invalid login token."}
        identity = f"{REGION}:{person[0]}"
        if action == "GetId":
            assert asked["IdentityPoolId"] == IDENTITY_POOL
            return 200, {"IdentityId": identity}
        assert asked["IdentityId"] == identity
        keys = self.assume(person[1])
        return 200, {
            "IdentityId": identity,
            "Credentials": {
                "AccessKeyId": keys["AccessKeyId"],
                "SecretKey": keys["SecretAccessKey"],
                "SessionToken": keys["SessionToken"],
                "Expiration": time.time() + self.key_seconds,
            },
        }


class CloudFront:
    """The page's files at the root, and the API below its own path; CORS is nowhere."""

    def __init__(self, api: str) -> None:
        """``api`` is the address that a route's path is appended to."""
        self._api = urlsplit(api)
        self.server = Loopback()
        self.forwarded: list[str] = []
        self._connections = urllib3.PoolManager(maxsize=16)
        self._files: dict[str, Reply] = {}
        self.server.answer = self._answer

    def publish(self, cognito: str) -> None:
        """Puts the files there as `thriftline page publish` does, with this login."""
        outputs = {
            "ApiUrl": self._api.geturl(),
            "PageLoginUrl": cognito,
            "PageClientId": CLIENT,
            "PageUserPoolId": POOL,
            "PageIdentityPoolId": IDENTITY_POOL,
        }
        settings: dict[str, Any] = settings_of("thriftline", REGION, outputs)
        settings["sign_in"] |= {"identity": f"{cognito}/"}
        policy = CSP.replace("connect-src 'self'", f"connect-src 'self' {cognito}")
        headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        for one in hosted_files(Files(page_folder()), settings):
            kind = {"Content-Type": one.content_type, "Cache-Control": one.caching}
            self._files[f"/{one.key}"] = (200, {**headers, **kind}, one.body)
        self._files["/"] = self._files["/index.html"]

    def _answer(self, method: str, target: str, headers: Headers, body: bytes) -> Reply:
        if not target.startswith(f"{self._api.path}/"):
            return self._files.get(urlsplit(target).path, (403, {}, b""))
        self.forwarded.append(f"{method} {target.removeprefix(self._api.path)}")
        sent = {name: one for name, one in headers.items() if not name.startswith(_OWN)}
        found = self._connections.request(
            method,
            f"{self._api.scheme}://{self._api.netloc}{target}",
            body=body or None,
            headers=sent,
            redirect=False,
            retries=False,
        )
        kept = {k: v for k, v in found.headers.items() if k.lower().startswith(("content-t", "ca"))}
        return found.status, kept, found.data

    def close(self) -> None:
        self.server.close()
        self._connections.clear()
