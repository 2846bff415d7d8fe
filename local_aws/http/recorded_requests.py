"""What functions asked of AWS, so that a test can hold it against what their roles allow."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from moto.core.request import Request as WireRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model

from local_aws.http.callers import caller_of
from local_aws.http.identify import Call, Environ
from local_aws.http.own_calls import parameters_of
from local_aws.iam.policies import Question
from local_aws.iam.requests import Place, questions

LOG = logging.getLogger(__name__)
# Of S3 only this one says in its body what it is about.
_WITH_BODY = "DeleteObjects"
_TAG = "aws:ResourceTag/"
_QUERY = {"prefix": "Prefix", "versionId": "VersionId"}
Context = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Asked:
    """One action of a function on one resource; the same is kept once.

    `is_tagged` says that the context has the resource's tags, as they were then: the resource was
    there, and of a kind whose tags are known.
    """

    function: str
    action: str
    resource: str
    context: Context
    is_tagged: bool


class RecordedRequests:
    """What was asked, by access key: each function has one of its own name.

    `tags_of` returns the tags that a resource of an account and region has, by its ARN, or None.
    """

    def __init__(self) -> None:
        self.asked: set[Asked] = set()
        self.unread: set[tuple[str, str, str]] = set()
        self.tags_of: Callable[[str, str, str], Mapping[str, str] | None] = lambda *_: None
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget what was asked."""
        with self._lock:
            self.asked.clear()
            self.unread.clear()

    def note(self, key: str, call: Call, environ: Environ) -> None:
        """Keep what a request needs; the request can be read again."""
        caller = caller_of(environ)
        place = Place(caller.account, caller.region)
        try:
            parameters = _parameters(call, environ)
            found = [
                self._asked(key, one, place)
                for one in questions(call.service, call.operation or "", parameters, place)
            ]
        except Exception as error:
            # Whatever a stranger sends is answered by its service, not by who keeps the list.
            LOG.debug("not recorded: %s:%s: %s", call.service, call.operation, error)
            with self._lock:
                self.unread.add((key, call.service, call.operation or "?"))
            return
        with self._lock:
            self.asked.update(found)

    def _asked(self, key: str, question: Question, place: Place) -> Asked:
        # As they are before the request is answered, which may take the resource away.
        tags = self.tags_of(place.account, place.region, question.resource)
        named = {f"{_TAG}{name}": (value,) for name, value in (tags or {}).items()}
        context = {name: tuple(values) for name, values in {**question.context, **named}.items()}
        said = tuple(sorted(context.items()))
        return Asked(key, question.action, question.resource, said, is_tagged=tags is not None)


def _parameters(call: Call, environ: Environ) -> Mapping[str, Any]:
    if call.service == "s3" and call.operation != _WITH_BODY:
        return _in_the_head(environ)
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    try:
        environ["wsgi.input"] = BytesIO(body)
        wire = WireRequest(environ)
        model = get_service_model(call.service)
        operation = model.operation_model(call.operation)
        protocol = determine_request_protocol(model, wire.content_type)
        return parameters_of(wire, call.service, operation, protocol)
    finally:
        environ["wsgi.input"] = BytesIO(body)


def _in_the_head(environ: Environ) -> Mapping[str, Any]:
    """Reads a request of S3 without its body, which may be large."""
    wire = WireRequest(environ)
    _, in_path = get_service_router("s3").match(wire)
    found: dict[str, Any] = dict(in_path)
    found |= {name: wire.args[key] for key, name in _QUERY.items() if key in wire.args}
    if source := wire.headers.get("x-amz-copy-source"):
        found["CopySource"] = source
    return found
