"""Logger, tracer and metrics, and the one decorator that every handler wears."""

import json
import logging
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from thriftline.core import cold_start
from thriftline.core.errors import ThriftlineError

logger = Logger(service="thriftline")
tracer = Tracer(service="thriftline")
metrics = Metrics(namespace="Thriftline", service="training")

# Lambda sets the root logger to the function's level; botocore says much at INFO.
logging.getLogger("botocore").setLevel(logging.WARNING)

LONGEST_MESSAGE = 4_000
_MOST_FRAMES = 60
_LARGEST_ANSWER = 200_000

Request = TypeVar("Request", bound=BaseModel)
LambdaHandler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def is_too_long(error: Exception) -> bool:
    """Reports whether Step Functions might not take what Lambda makes of an error.

    It takes 256 KiB of message and stack together, and ends an execution that gets more at once,
    past every Catch.
    """
    frames = sum(1 for _ in traceback.walk_tb(error.__traceback__))
    return frames > _MOST_FRAMES or len(str(error)) > LONGEST_MESSAGE


def shortened(error: Exception) -> Exception:
    """Returns an error of the same name with a message that Step Functions takes."""
    message = str(error)
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[: LONGEST_MESSAGE - 1]}…"
    if isinstance(error, ThriftlineError):
        return type(error)(message)
    named: Exception = type(type(error).__name__, (Exception,), {})(message)
    return named


def _within_limits(answer: dict[str, Any]) -> dict[str, Any]:
    size = len(json.dumps(answer))
    if size > _LARGEST_ANSWER:
        raise ValueError(
            f"The answer has {size:,} bytes; Step Functions takes {_LARGEST_ANSWER:,}."
        )
    return answer


def entry_point(
    model: type[Request],
) -> Callable[[Callable[[Request], BaseModel]], LambdaHandler]:
    """Makes a Lambda handler of a function from a request model to a response model.

    The event is parsed with pydantic, every log line carries the run id, the call is traced, and
    metrics are flushed as EMF. An unknown or missing key raises pydantic's ``ValidationError``.
    """

    def decorate(answer: Callable[[Request], BaseModel]) -> LambdaHandler:
        def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
            try:
                request = model.model_validate(event)
                if run_id := getattr(request, "run_id", None):
                    logger.append_keys(run_id=run_id)
                    tracer.put_annotation("run_id", run_id)
                return _within_limits(answer(request).model_dump(mode="json"))
            except Exception as error:
                if not is_too_long(error):
                    raise
                raise shortened(error) from None
            finally:
                if metrics.metric_set:
                    metrics.flush_metrics()

        lambda_handler.__doc__ = answer.__doc__
        traced = tracer.capture_lambda_handler(capture_response=False)(lambda_handler)
        handler: LambdaHandler = logger.inject_lambda_context(clear_state=True)(traced)
        cold_start.end()
        return handler

    return decorate
