"""Asks the function that changes schedules."""

from collections.abc import Mapping
from typing import Any

from thriftline.core.aws.functions import Functions
from thriftline.serving.schemas.schedules import ChangeScheduleRequest, ChangeScheduleResponse


def ask_for_schedule(
    given: Mapping[str, Any], functions: Functions, name: str
) -> ChangeScheduleResponse:
    """Returns how an endpoint's schedule is now.

    Raises:
        DeploymentRefusedError: the endpoint can have no such schedule.
    """
    request = ChangeScheduleRequest.model_validate(given)
    answer = functions.call(name, request.model_dump(mode="json"))
    return ChangeScheduleResponse.model_validate(answer)
