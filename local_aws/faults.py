"""AWS calls that are made to fail, so that a test sees what follows."""

from dataclasses import dataclass, replace
from threading import Lock


@dataclass(frozen=True)
class AwsFault:
    """Lets the next `times` calls of an operation fail as AWS would.

    Args:
        service: boto3's name of the service, such as `dynamodb`.
        operation: such as `PutItem`.
        code: error code of the answer, such as `ThrottlingException`.
        status: HTTP status of the answer.
        times: how many calls fail.
        caller: only calls whose User-Agent holds this text.
    """

    service: str
    operation: str
    code: str
    status: int = 400
    times: int = 1
    caller: str = ""


class AwsFaults:
    """The faults that still wait for a call; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[AwsFault] = []

    def add(self, fault: AwsFault) -> None:
        """Let a fault wait for its calls."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget the faults that no call has met."""
        with self._lock:
            self._waiting.clear()

    def take(self, service: str, operation: str | None, user_agent: str) -> AwsFault | None:
        """Return the fault that this call meets, if any."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                met = (fault.service, fault.operation) == (service, operation)
                if not met or fault.caller not in user_agent:
                    continue
                left = fault.times - 1
                self._waiting[index : index + 1] = [replace(fault, times=left)] if left else []
                return fault
        return None
