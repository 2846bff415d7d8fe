"""The HTTP front of the embedded AWS: what is asked, whether it is answered, one at a time.

moto's own WSGI application does the work. Around it stands what moto lacks: calls that are not
supported are refused, and calls of one service run one after the other, because moto's data are
not safe for threads (two conditional writes at once would both succeed).
"""

import logging
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local_aws.clients import ACCESS_KEY
from local_aws.http.callers import caller_of, credential_scope
from local_aws.http.error_answers import StartResponse, drain, fail
from local_aws.http.faults import CUT, AwsFault, AwsFaults
from local_aws.http.identify import Call, Environ, identify
from local_aws.http.own_calls import AwsError, LeftToMotoError, OwnCalls
from local_aws.http.recorded_requests import RecordedRequests
from local_aws.http.supported import is_supported, refusal

LOG = logging.getLogger(__name__)

# These wait, for a function, a message or a model, and must not keep others waiting.
_UNLOCKED = frozenset(
    {
        ("lambda", "Invoke"),
        ("sagemaker-runtime", "InvokeEndpoint"),
        ("sagemaker-runtime", "InvokeEndpointAsync"),
        ("sqs", "ReceiveMessage"),
    }
)

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
        self.recorded = RecordedRequests()
        self._counting = threading.Lock()
        self.closing = False
        # The REST APIs of the stack; their functions call back, so nothing is locked.
        self.apis: Callable[..., Iterable[bytes]] = _no_apis
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        call = identify(environ)
        self._note(call, environ)
        if call in self._refused or not is_supported(call.service, call.operation):
            LOG.warning("refused %s:%s", call.service, call.operation)
            drain(environ)
            return fail(call, environ, start_response, refusal(call.service, call.operation))
        if fault := self._fault(call, environ):
            drain(environ)
            return _injected(fault, call, environ, start_response)
        token = _current.set(call)
        try:
            return self._answer(call, environ, start_response)
        except AwsError as error:
            status = f"{error.status} Refused"
            return fail(call, environ, start_response, str(error), status, error.code, error.fields)
        except NotImplementedError as error:
            message = f"{refusal(call.service, call.operation)} ({error})"
            return fail(call, environ, start_response, message)
        except Exception as error:
            # While everything is taken down, what still calls meets half of it.
            if not self.closing:
                LOG.exception("%s:%s failed", call.service, call.operation)
            message = f"{type(error).__name__}: {error}"
            return fail(call, environ, start_response, message, "500 Internal", "InternalFailure")
        finally:
            _current.reset(token)

    def _note(self, call: Call, environ: Environ) -> None:
        scope = credential_scope(environ)
        with self._counting:
            self.calls[call.service, call.operation or "?"] += 1
        # Who holds the key of the whole account is no function.
        if scope and call.operation and scope[0] != ACCESS_KEY:
            self.recorded.note(scope[0], call, environ)

    def _fault(self, call: Call, environ: Environ) -> AwsFault | None:
        if not self.faults:
            return None
        agent = environ.get("HTTP_USER_AGENT", "")
        return self.faults.take(call.service, call.operation, agent, caller_of(environ))

    def _answer(
        self, call: Call, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        if call.service == "execute-api":
            return self.apis(environ, start_response)
        if call.operation and self._own.has(call.service, call.operation):
            with suppress(LeftToMotoError):
                lock = self._lock(call)
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


def _no_apis(_environ: Environ, _start_response: StartResponse) -> Iterable[bytes]:
    raise NotImplementedError("no APIs here")


def _injected(
    fault: AwsFault, call: Call, environ: Environ, start_response: StartResponse
) -> list[bytes]:
    time.sleep(fault.delay_seconds)
    if fault.status == CUT:
        # The server closes a connection whose application raises this, without a word.
        raise ConnectionAbortedError
    status = f"{fault.status} Injected"
    return fail(call, environ, start_response, fault.message, status, fault.code)
