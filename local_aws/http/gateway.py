"""The HTTP front of the embedded AWS: what is asked, whether it is answered, one at a time.

moto's own WSGI application does the work. Around it stands what moto lacks: calls that are not
supported are refused, and calls of one service run one after the other, because moto's data are
not safe for threads (two conditional writes at once would both succeed).
"""

import json
import logging
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs
from wsgiref.handlers import format_date_time
from xml.sax.saxutils import escape

from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, make_server

from local_aws.clock import Clock
from local_aws.http.callers import caller_of, credential_scope
from local_aws.http.faults import CUT, AwsFault, AwsFaults
from local_aws.http.own_calls import AwsError, Environ, LeftToMotoError, OwnCalls
from local_aws.http.supported import BOTO_NAMES, is_supported, refusal

LOG = logging.getLogger(__name__)

StartResponse = Callable[..., Any]

_ERROR_CODE = "NotImplementedByLocalAws"
_XML_SERVICES = frozenset({"s3"})
_QUERY_SERVICES = frozenset({"cloudformation", "iam", "sns", "sts"})
# These wait, for a function or a message, and must not keep others waiting.
_UNLOCKED = frozenset({("lambda", "Invoke"), ("sqs", "ReceiveMessage")})
_MAX_FORM_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One AWS call: boto3's name of the service, and the operation if it is known."""

    service: str
    operation: str | None


_current: ContextVar[Call | None] = ContextVar("current_call", default=None)


def current_operation() -> str | None:
    """Return the operation that this thread is serving."""
    call = _current.get()
    return call.operation if call else None


class Gateway:
    """The WSGI application; `refused` are calls that this instance does not do."""

    def __init__(self, own: OwnCalls, refused: Collection[Call] = ()) -> None:
        self._own = own
        self._refused = refused
        self.faults = AwsFaults()
        self.calls: Counter[tuple[str, str]] = Counter()
        self.calls_of: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._counting = threading.Lock()
        self.closing = False
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        call = identify(environ)
        with self._counting:
            self.calls[call.service, call.operation or "?"] += 1
            if scope := credential_scope(environ):
                self.calls_of[scope[0]].add((call.service, call.operation or "?"))
        if call in self._refused or not is_supported(call.service, call.operation):
            LOG.warning("refused %s:%s", call.service, call.operation)
            _drain(environ)
            return _fail(call, environ, start_response, refusal(call.service, call.operation))
        if fault := self._fault(call, environ):
            _drain(environ)
            return _injected(fault, call, environ, start_response)
        token = _current.set(call)
        try:
            return self._answer(call, environ, start_response)
        except AwsError as error:
            status = f"{error.status} Refused"
            return _fail(call, environ, start_response, str(error), status, error.code)
        except NotImplementedError as error:
            message = f"{refusal(call.service, call.operation)} ({error})"
            return _fail(call, environ, start_response, message)
        except Exception as error:
            # While everything is taken down, what still calls meets half of it.
            if not self.closing:
                LOG.exception("%s:%s failed", call.service, call.operation)
            message = f"{type(error).__name__}: {error}"
            return _fail(call, environ, start_response, message, "500 Internal", "InternalFailure")
        finally:
            _current.reset(token)

    def _fault(self, call: Call, environ: Environ) -> AwsFault | None:
        if not self.faults:
            return None
        agent = environ.get("HTTP_USER_AGENT", "")
        return self.faults.take(call.service, call.operation, agent, caller_of(environ))

    def _answer(
        self, call: Call, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        if call.operation and self._own.has(call.service, call.operation):
            with suppress(LeftToMotoError):
                lock = self.lock(call.service)
                answer = self._own.answer(call.service, call.operation, environ, lock)
                headers = [
                    *answer.headers,
                    ("Content-Length", str(len(answer.body))),
                    ("x-amzn-RequestId", str(uuid.uuid4())),
                ]
                start_response(f"{answer.status} OK", headers)
                return [answer.body]
        with self._lock(call):
            return list(self._moto(environ, start_response))

    def _lock(self, call: Call) -> AbstractContextManager[Any]:
        if (call.service, call.operation) in _UNLOCKED:
            return nullcontext()
        return self.lock(call.service)

    def lock(self, service: str) -> threading.RLock:
        """Return the lock that serialises the calls of `service`."""
        return self._locks[service]


def identify(environ: Environ) -> Call:
    """Find out which call a request is."""
    service = _service(environ)
    return Call(service, _operation(service, environ))


def _service(environ: Environ) -> str:
    scope = credential_scope(environ)
    # Unsigned requests are S3's, as they are to moto.
    name = scope[3].lower() if scope else "s3"
    if environ.get("PATH_INFO", "").startswith("/moto-api"):
        name = "moto-api"
    return BOTO_NAMES.get(name, name)


def _operation(service: str, environ: Environ) -> str | None:
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return str(target).rsplit(".", 1)[-1]
    path = environ.get("PATH_INFO", "")
    if path.startswith("/service/") and "/operation/" in path:
        return str(path.rsplit("/", 1)[-1])
    return _form_action(environ) or _rest_operation(service, environ)


def _form_action(environ: Environ) -> str | None:
    query: dict[str, list[str]] = parse_qs(environ.get("QUERY_STRING", ""))
    if "Action" in query:
        return str(query["Action"][0])
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return None
    length = min(int(environ.get("CONTENT_LENGTH") or 0), _MAX_FORM_BYTES)
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(body)
    form = parse_qs(body.decode("utf-8", "replace"))
    return str(form["Action"][0]) if "Action" in form else None


def _rest_operation(service: str, environ: Environ) -> str | None:
    try:
        operation, _ = get_service_router(service).match(Request(environ))
    except (HTTPException, LookupError, ValueError, OSError):
        return _post_object(service, environ)
    except Exception as error:
        # botocore has several of its own for a service that it does not know.
        LOG.debug("no operation for %s: %s", service, error)
        return None
    return str(operation.name)


def _post_object(service: str, environ: Environ) -> str | None:
    multipart = environ.get("CONTENT_TYPE", "").startswith("multipart/form-data")
    return "PostObject" if service == "s3" and multipart else None


def _drain(environ: Environ) -> None:
    # A client that still sends would see its connection reset instead of the answer.
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (chunk := environ["wsgi.input"].read(min(left, 65536))):
        left -= len(chunk)


def _fail(
    call: Call,
    environ: Mapping[str, Any],
    start_response: StartResponse,
    message: str,
    status: str = "501 Not Implemented",
    code: str = _ERROR_CODE,
) -> list[bytes]:
    content_type, body = _error_body(call, environ, message, code)
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("x-amzn-ErrorType", code),
        ("x-amzn-RequestId", str(uuid.uuid4())),
    ]
    start_response(status, headers)
    return [body]


def _injected(
    fault: AwsFault, call: Call, environ: Environ, start_response: StartResponse
) -> list[bytes]:
    time.sleep(fault.delay_seconds)
    if fault.status == CUT:
        # The server closes a connection whose application raises this, without a word.
        raise ConnectionAbortedError
    status = f"{fault.status} Injected"
    return _fail(call, environ, start_response, fault.message, status, fault.code)


def _error_body(
    call: Call, environ: Mapping[str, Any], message: str, code: str
) -> tuple[str, bytes]:
    inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if call.service in _XML_SERVICES:
        return "application/xml", f"<Error>{inner}</Error>".encode()
    if call.service == "ec2":
        body = f"<Response><Errors><Error>{inner}</Error></Errors></Response>"
        return "text/xml", body.encode()
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    if form or call.service in _QUERY_SERVICES:
        return "text/xml", f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>".encode()
    if "cbor" in environ.get("CONTENT_TYPE", ""):
        return "application/cbor", _cbor({"__type": code, "message": message})
    fields = {"__type": code, "message": message}
    return "application/x-amz-json-1.1", json.dumps(fields).encode()


def _cbor(fields: Mapping[str, str]) -> bytes:
    """Encode a map of short texts (RFC 8949: a map is 0xA0 + n, a text 0x79 and 16 bits)."""
    encoded = bytes([0xA0 + len(fields)])
    for text in (item for pair in fields.items() for item in pair):
        data = text.encode()[:65535]
        encoded += b"\x79" + len(data).to_bytes(2, "big") + data
    return encoded


class _QuietHandler(MotoRequestHandler):  # type: ignore[misc]
    """Logs no line for each request, and dates answers by our clock."""

    clock: Clock

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header."""
        moment = self.clock.now().timestamp() if timestamp is None else timestamp
        return format_date_time(moment)

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Close the connection at once, as a cut one is."""
        self.close_connection = True

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Say nothing."""


class HttpServer:
    """Serves a gateway in threads; listens as soon as it is made."""

    def __init__(self, gateway: Gateway, host: str, port: int, clock: Clock) -> None:
        handler = type("_Handler", (_QuietHandler,), {"clock": clock})
        self._server: BaseWSGIServer = make_server(
            host, port, gateway, threaded=True, request_handler=handler
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port, also when it was chosen by the system."""
        return self._server.port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
