"""Which route of an API a request is for."""

from collections.abc import Iterable
from dataclasses import dataclass

from local_aws.apigateway.documents import Route


@dataclass(frozen=True)
class Match:
    """A route, and what its names stand for, as it was sent."""

    route: Route
    parameters: dict[str, str]


class Routes:
    """The routes of an API; a fixed segment goes before a name, as on AWS."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = sorted(routes, key=_order)

    def find(self, method: str, path: str) -> Match | None:
        """Return the route of a method and a path, which is still encoded."""
        segments = _segments(path)
        for route in self._routes:
            names = _segments(route.resource)
            if route.method != method or len(names) != len(segments):
                continue
            pairs = list(zip(names, segments, strict=True))
            if all(segment if _is_name(name) else name == segment for name, segment in pairs):
                found = {name[1:-1]: segment for name, segment in pairs if _is_name(name)}
                return Match(route, found)
        return None


def _segments(path: str) -> list[str]:
    # A slash at the end is of no weight there.
    return path.removesuffix("/").split("/")


def _is_name(segment: str) -> bool:
    return segment.startswith("{")


def _order(route: Route) -> list[bool]:
    return [_is_name(segment) for segment in _segments(route.resource)]
