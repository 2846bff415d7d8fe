"""The errors of SageMaker's runtime, in its codes and sentences."""

from local_aws.http.error_answers import NOT_DONE
from local_aws.http.own_calls import AwsError

MAX_BODY_BYTES = 6_291_456
MAX_SERVERLESS_BYTES = 4 * 1024 * 1024
MAX_INLINE_BYTES = 128_000
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the "
    "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
_SHOWN_CHARACTERS = 1024


def invalid(message: str) -> AwsError:
    """Return the runtime's ValidationError."""
    return AwsError("ValidationError", message)


def no_endpoint(name: str, account: str) -> AwsError:
    """Return the error about an endpoint that does not exist, or does not serve yet."""
    return invalid(f"Endpoint {name} of account {account} not found.")


def too_long(limit: int) -> AwsError:
    """Return the error about a body that is too long."""
    return invalid(
        "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must "
        f"have length less than or equal to {limit}"
    )


def not_done(what: str) -> AwsError:
    """Return the embedded AWS's own error about what it does not do."""
    return AwsError(NOT_DONE, f"The embedded AWS {what}. Nothing was sent to a model.", 501)


def unavailable(message: str) -> AwsError:
    """Return the error about a variant that nothing answers for at this moment."""
    return AwsError("ServiceUnavailable", message, 503)


def throttled(message: str) -> AwsError:
    """Return the error about too many requests at once."""
    return AwsError("ThrottlingException", message)


def model_error(
    status: int, text: str, *, region: str, account: str, endpoint: str, stream: str
) -> AwsError:
    """Return the error about a container that answered with another status than 2xx.

    A status of 0 stands for no answer at all.
    """
    side = "client" if 400 <= status < 500 else "server"
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    message = (
        f'Received {side} error ({status}) from primary with message "{text[:_SHOWN_CHARACTERS]}". '
        f"See {console}#logEventViewer:group={group} in account {account} for more information."
    )
    fields = {
        "OriginalStatusCode": status,
        "OriginalMessage": text[:_SHOWN_CHARACTERS],
        "LogStreamArn": f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{stream}",
    }
    return AwsError("ModelError", message, 424, fields)
