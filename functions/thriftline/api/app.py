"""The Chalice app: each route of the table, and one view function that leads to all views."""

from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Chalice, Response

from thriftline.api import dispatch
from thriftline.api.idempotency import HttpAnswer
from thriftline.api.routes import ROUTES, Route

app = Chalice(app_name="thriftline", configure_logs=False)


def response_of(answer: HttpAnswer) -> Response:
    """Returns an answer as Chalice takes it: as text, so that no money becomes a float."""
    return Response(body=answer.body, status_code=answer.status, headers=dict(answer.headers))


def _view(route: Route) -> Callable[..., Response]:
    def view(**_parameters: str) -> Response:
        request = app.current_request
        event: Mapping[str, Any] = request.to_original_event()
        return response_of(dispatch.answer(route, event))

    return view


for _route in ROUTES:
    app.route(
        _route.path,
        methods=[_route.method],
        name=f"{_route.method} {_route.path}",
        content_types=[] if _route.reads_only else ["application/json"],
    )(_view(_route))
