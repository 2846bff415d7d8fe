"""Who may use the page's server: its own page in the browser that was given the address.

Any web page that is open in the browser, and any program of another user of this machine, can
reach a port on 127.0.0.1. So an address with a random token is needed once; it becomes a cookie
that no script reads and no other site sends. Host and Origin must be the server's own, or a
foreign name that was made to point here (DNS rebinding) would count as the same site.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

from thriftline_cli.ui.answers import Answer, problem

OWN_HEADER = "X-Thriftline"
_SAME_SITE = frozenset({"same-origin", "none"})


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Guard:
    """The names and secrets of one server."""

    port: int
    token: str = field(default_factory=_random, repr=False)
    session: str = field(default_factory=_random, repr=False)

    @property
    def hosts(self) -> tuple[str, str]:
        """What a browser may call this server."""
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def cookie(self) -> str:
        """A cookie's name; browsers keep those of all ports of a host together."""
        return f"thriftline-{self.port}"

    @property
    def set_cookie(self) -> str:
        """The header that lets the browser in until it closes."""
        return f"{self.cookie}={self.session}; HttpOnly; SameSite=Strict; Path=/"

    @property
    def address(self) -> str:
        """What the person opens."""
        return f"http://{self.hosts[0]}/?token={self.token}"

    def opens(self, token: str) -> bool:
        """Whether a token is that of this server."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def knows(self, headers: Mapping[str, str]) -> bool:
        """Whether a request has the cookie."""
        try:
            given = SimpleCookie(headers.get("Cookie", "")).get(self.cookie)
        except CookieError:
            return False
        return given is not None and hmac.compare_digest(
            given.value.encode(), self.session.encode()
        )

    def refused(self, method: str, headers: Mapping[str, str]) -> Answer | None:
        """Returns why a call of the API is not taken, None where it is."""
        if not self.knows(headers):
            return problem(
                401,
                "This browser was not let in",
                "Open the address that thriftline ui printed; it is another one at each start.",
            )
        if headers.get("Sec-Fetch-Site", "none") not in _SAME_SITE:
            return problem(403, "Another site asked", "Only this server's own page may ask.")
        if method == "GET":
            return None
        own = {f"http://{host}" for host in self.hosts}
        if headers.get("Origin") not in own or not headers.get(OWN_HEADER):
            return problem(403, "Another site asked", "Only this server's own page may change.")
        return None
