"""The one place that makes AWS clients, and that turns their errors into ours."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from boto3.exceptions import RetriesExceededError, S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
)

from thriftline.core.aws.deadline import Deadline
from thriftline.core.errors import (
    AccessDeniedError,
    AwsRequestError,
    QuotaExceededError,
    ServiceUnavailableError,
    ThriftlineError,
    ThrottledError,
)

if TYPE_CHECKING:
    from boto3.session import Session

# Step Functions retries whole states; inside one call a few quick tries are enough. A call to a
# service that hangs ends after 48 s, with the name of its error: most functions have a minute, and
# what comes before the call takes some of it.
# botocore's max_attempts does not count the first try; total_max_attempts does.
ORDINARY = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=20,
    connect_timeout=3,
    read_timeout=12,
    user_agent_extra="thriftline/0.1.0",
)
# A model that does not answer is asked again later, and every try counts in a quota by the minute.
# It may think longer than other services.
ONCE = ORDINARY.merge(
    Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=15)
)
# Where nothing hangs on an answer alone, so that a region without the service costs no minute.
SOON = ORDINARY.merge(
    Config(retries={"mode": "standard", "total_max_attempts": 2}, read_timeout=10)
)
# Where somebody waits behind API Gateway, which gives up after 29 s.
INTERACTIVE = ORDINARY.merge(Config(connect_timeout=2, read_timeout=5))
# Another function's answer takes longer, and a function that is slow is not called twice.
INTERACTIVE_ONCE = INTERACTIVE.merge(
    Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=15)
)
# For the one call that ends a request when all other time is over; see ``ANSWER_WITHIN_SECONDS``.
LAST = INTERACTIVE.merge(
    Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=1, read_timeout=2)
)
# Of the time that a function has behind API Gateway, what calls of AWS may take together. The rest
# is for a cold start before it, and for the last call and the answer after it.
ANSWER_WITHIN_SECONDS = 24.0

deadline = Deadline(time.monotonic)

_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceededException",
    "SlowDown",
    "RequestThrottled",
    "LimitExceededException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_QUOTA = {"ResourceLimitExceeded", "ServiceQuotaExceededException"}


@cache
def _session() -> "Session":
    return boto3.Session()


@cache
def client(service: str) -> Any:
    """Returns the one client of a service; clients are thread-safe and expensive to make."""
    return _session().client(service, config=ORDINARY)


@cache
def signing_s3_client() -> Any:
    """Returns the client that signs what others send to S3.

    Its addresses name bucket and region: the global one redirects, which no browser follows with a
    form. Of an endpoint that is an IP address, botocore keeps the path.
    """
    config = ORDINARY.merge(Config(s3={"addressing_style": "virtual"}, signature_version="s3v4"))
    return _session().client("s3", config=config)


@cache
def client_without_retries(service: str) -> Any:
    """Returns a client whose calls are made once."""
    return _session().client(service, config=ONCE)


@cache
def impatient_client(service: str) -> Any:
    """Returns a client that gives a service up soon that cannot be reached."""
    return _session().client(service, config=SOON)


@cache
def interactive_client(service: str) -> Any:
    """Returns the client of a service for calls behind which somebody waits.

    Raises, of a call: ServiceUnavailableError where no try can end before ``deadline``.
    """
    return _within_deadline(_session().client(service, config=INTERACTIVE))


@cache
def interactive_client_without_retries(service: str) -> Any:
    """Returns the like whose calls are made once, and may take longer."""
    return _within_deadline(_session().client(service, config=INTERACTIVE_ONCE))


@cache
def last_client(service: str) -> Any:
    """Returns a client whose calls are made once, soon given up, and made after ``deadline`` too.

    They fit between the deadline and the end of the function; so only one of them may follow it.
    """
    return _session().client(service, config=LAST)


def _within_deadline(made: Any) -> Any:
    config = made.meta.config
    longest = float(config.connect_timeout + config.read_timeout)

    def refuse(**_: Any) -> None:
        deadline.require(longest)

    # Before each try, so that the tries of several calls keep one time together.
    made.meta.events.register_first("before-send", refuse)
    return made


def code_of(error: ClientError) -> str:
    """Returns the error code of a refused call, such as ``NoSuchKey``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _ours(error: ClientError, doing: str) -> ThriftlineError:
    code = code_of(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    text = f"{doing}: {code}: {error.response.get('Error', {}).get('Message', '')}"
    if code in _THROTTLED or status == 429:
        return ThrottledError(text)
    if code in _QUOTA:
        return QuotaExceededError(text)
    if code in _DENIED or status == 403:
        return AccessDeniedError(text)
    if status >= 500:
        return ServiceUnavailableError(text)
    return AwsRequestError(text)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turns botocore's errors into ours; ``doing`` says what was tried, for the message.

    Raises:
        ThrottledError, ServiceUnavailableError: worth a retry.
        QuotaExceededError: another run may end and make room.
        AccessDeniedError, AwsRequestError: not worth one.
    """
    try:
        yield
    except ClientError as error:
        raise _ours(error, doing) from error
    except S3UploadFailedError as error:
        cause = error.__context__
        ours = _ours(cause, doing) if isinstance(cause, ClientError) else None
        raise ours or ServiceUnavailableError(f"{doing}: {error}") from error
    except (
        ConnectionError,
        HTTPClientError,
        IncompleteReadError,
        RetriesExceededError,
    ) as error:
        raise ServiceUnavailableError(f"{doing}: {error}") from error
    except BotoCoreError as error:
        raise AwsRequestError(f"{doing}: {error}") from error
