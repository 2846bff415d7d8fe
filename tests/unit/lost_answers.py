"""An AWS that does what it is asked for, and whose first answer is lost on the way."""

from typing import Any

from botocore.exceptions import ReadTimeoutError
from moto.core.models import botocore_stubber


def lose_first_answer(client: Any, operation: str) -> list[str]:
    """Loses the answer to a client's next call of an operation; returns the tries as they come.

    botocore itself decides whether there is another one.
    """
    tries: list[str] = []
    service = client.meta.service_model.service_id.hyphenize()

    def lose(event_name: str, request: Any, **given: Any) -> None:
        tries.append(request.url)
        if len(tries) == 1:
            answered = botocore_stubber(event_name, request, **given)
            assert answered.status_code == 200, answered.content
            raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register_first(f"before-send.{service}.{operation}", lose)
    return tries
