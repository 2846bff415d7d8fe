"""What the page's server answers, and the headers that every answer has."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

# The page needs its own files and its own API, and nothing of anybody else.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
# A report brings its style with it, and no script may run in it; strangers' words are in it.
DOCUMENT_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of an answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    csp: str = CSP

    @property
    def all_headers(self) -> dict[str, str]:
        """The headers as they are sent."""
        return {
            **self.headers,
            **SAFE_HEADERS,
            "Content-Security-Policy": self.csp,
            "Content-Length": str(len(self.body)),
        }


def problem(status: int, title: str, detail: str) -> Answer:
    """Returns a problem document (RFC 9457) of this server's own."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Answer(
        status, json.dumps(document).encode(), {"Content-Type": "application/problem+json"}
    )


def as_json(document: Mapping[str, object]) -> Answer:
    """Returns a document."""
    return Answer(200, json.dumps(document).encode(), {"Content-Type": "application/json"})


def sentence(status: int, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Returns a line of text."""
    kind = {"Content-Type": "text/plain; charset=utf-8"}
    return Answer(status, f"{text}\n".encode(), {**kind, **(headers or {})})


def doorway(set_cookie: str) -> Answer:
    """Returns the page that takes the token out of the address bar.

    A redirect would not do: where a link in another site's page was followed, the browser would
    not send the new cookie with it. From this page on, the navigation is the server's own. A
    refresh would forget the fragment, which no server is sent: a script takes it along.
    """
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Thriftline</title>'
        '<link rel="icon" href="/favicon.svg"><script src="/js/doorway.js"></script>'
        '<noscript><meta http-equiv="refresh" content="0;url=/"></noscript></head>'
        '<body><p><a href="/">Open the page</a></p></body></html>'
    )
    headers = {"Content-Type": "text/html; charset=utf-8", "Set-Cookie": set_cookie}
    return Answer(200, body.encode(), headers)
