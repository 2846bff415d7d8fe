"""Who may speak to the embedded AWS: programs of this machine, and no web page.

It listens on a developer's machine, takes any credentials, and runs programs. A web page in a
browser can reach it in three ways: with a name of its own that resolves to this machine (DNS
rebinding), with what a browser sends anywhere without asking (forms, images, plain text), and with
calls that ask first (CORS). The first is known by its Host header, the others by the headers that
browsers add and that no page can leave out. No answer allows any origin.
"""

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from local_aws.http.error_answers import drain, fail
from local_aws.http.identify import Environ, identify

_LOOPBACK_NAME = "localhost"
_EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})
_ALLOW_ORIGIN = "access-control-"
# A browser then gives what it got to no page of another site, and runs no script in it.
_CLOSING_HEADERS = (
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "sandbox"),
)


@dataclass(frozen=True)
class Hosts:
    """The names by which a server is called.

    Args:
        listening: the address that it listens on.
        names: further names that people gave it, such as a container's name for this machine.
    """

    listening: str
    names: frozenset[str] = frozenset()

    def have(self, host: str) -> bool:
        """Whether a Host header names this server; the port is not looked at."""
        name = _name(host)
        if name is None:
            return False
        if name in self.names or name == self.listening.lower():
            return True
        local = self._is_local()
        # No resolver but this machine's own gives these names an address.
        if name == _LOOPBACK_NAME or name.endswith(f".{_LOOPBACK_NAME}"):
            return local
        address = _address(name)
        if address is None:
            return False
        # A page that was loaded from a name sends the name: an address was typed as such.
        return self.listening in _EVERY_ADDRESS or (local and address.is_loopback)

    def _is_local(self) -> bool:
        address = _address(self.listening)
        loopback = address is not None and address.is_loopback
        return loopback or self.listening in _EVERY_ADDRESS or self.listening == _LOOPBACK_NAME


class FrontDoor:
    """A WSGI application that lets through to another what no web page sent."""

    def __init__(self, application: Callable[..., Iterable[bytes]], hosts: Hosts) -> None:
        self._application = application
        self._hosts = hosts

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request, or refuse it."""

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            kept = [each for each in headers if not each[0].lower().startswith(_ALLOW_ORIGIN)]
            return start_response(status, [*kept, *_CLOSING_HEADERS], *more)

        refusal = why_refused(environ, self._hosts)
        if refusal is None:
            return self._application(environ, start)
        call = identify(environ)
        drain(environ)
        return fail(call, environ, start, refusal, "403 Forbidden", "AccessDenied")


def why_refused(environ: Mapping[str, Any], hosts: Hosts) -> str | None:
    """Return why a request is refused; None where it is let in."""
    host = environ.get("HTTP_HOST", "")
    if not hosts.have(host):
        return (
            f"The embedded AWS does not answer to the host {host[:100]!r}. Call it by the address "
            "that it listens on, or start it with --host-name for a name of your own."
        )
    if "HTTP_ORIGIN" in environ:
        return (
            "The embedded AWS answers no web page: this request has an Origin header. "
            "Use an AWS client, or a server of your own between the page and it."
        )
    # Browsers say so of every request to this machine; "none" is an address typed by a person.
    if environ.get("HTTP_SEC_FETCH_SITE", "none") != "none":
        return "The embedded AWS answers no web page: a browser sent this request for one."
    return None


def _name(host: str) -> str | None:
    """Return the name in a Host header, without port, brackets and the root's dot."""
    text = host.strip().lower()
    if text.startswith("["):
        name, bracket, port = text[1:].partition("]")
        port = port.removeprefix(":")
        if not bracket:
            return None
    else:
        name, _, port = text.partition(":")
    if port and not port.isdecimal():
        return None
    return name.removesuffix(".") or None


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    with suppress(ValueError):
        return ipaddress.ip_address(name)
    return None
