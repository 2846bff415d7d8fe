"""Logger, tracer and metrics, and the one decorator that every handler wears."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

logger = Logger(service="thriftline")
tracer = Tracer(service="thriftline")
metrics = Metrics(namespace="Thriftline", service="training")

# Lambda sets the root logger to the function's level; botocore says much at INFO.
logging.getLogger("botocore").setLevel(logging.WARNING)

Request = TypeVar("Request", bound=BaseModel)
LambdaHandler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def entry_point(
    model: type[Request],
) -> Callable[[Callable[[Request], BaseModel]], LambdaHandler]:
    """Makes a Lambda handler of a function from a request model to a response model.

    The event is parsed with pydantic, every log line carries the run id, the call is traced, and
    metrics are flushed as EMF. An unknown or missing key raises pydantic's ``ValidationError``.
    """

    def decorate(answer: Callable[[Request], BaseModel]) -> LambdaHandler:
        def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
            request = model.model_validate(event)
            if run_id := getattr(request, "run_id", None):
                logger.append_keys(run_id=run_id)
                tracer.put_annotation("run_id", run_id)
            try:
                return answer(request).model_dump(mode="json")
            finally:
                if metrics.metric_set:
                    metrics.flush_metrics()

        lambda_handler.__doc__ = answer.__doc__
        traced = tracer.capture_lambda_handler(capture_response=False)(lambda_handler)
        handler: LambdaHandler = logger.inject_lambda_context(clear_state=True)(traced)
        return handler

    return decorate
