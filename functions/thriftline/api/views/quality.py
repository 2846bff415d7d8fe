"""How good an endpoint's answers are, hour by hour."""

from datetime import datetime

from thriftline.api.answers import PageAsk
from thriftline.api.paging import next_token, start_of
from thriftline.api.problems import Fault, unreadable
from thriftline.api.requests import Call
from thriftline.api.schemas.endpoints import QualityList
from thriftline.api.views.known_endpoints import known_endpoint
from thriftline.serving.steps.list_quality import list_quality as listed
from thriftline.wiring import api_serving as wiring


def list_quality(call: Call, query: PageAsk) -> QualityList:
    """Returns some hours whose captured requests were read, the newest first."""
    endpoint = known_endpoint(call).endpoint
    filters = {"list": "quality", "endpoint": endpoint}
    start = start_of(query.next_token, filters, ("before",))
    page = listed(
        endpoint,
        wiring.artifacts(),
        limit=query.limit,
        before=_hour(start["before"]) if start else None,
        now=call.now,
    )
    return QualityList(
        items=page.items,
        unreadable=page.unreadable,
        next_token=next_token({"before": page.last} if page.last else None, filters),
    )


def _hour(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise unreadable("next_token cannot be used.", Fault("query:next_token", "names no hour"))
    return found
