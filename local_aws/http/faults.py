"""AWS calls that are made to fail, so that a test sees what follows."""

from dataclasses import dataclass, replace
from threading import Lock

from local_aws.http.callers import Caller

# As a status: the connection is cut, and no answer comes.
CUT = 0


@dataclass(frozen=True)
class AwsFault:
    """Lets the next `times` calls of an operation fail as AWS would.

    Args:
        service: boto3's name of the service, such as `dynamodb`.
        operation: such as `PutItem`.
        code: error code of the answer, such as `ThrottlingException`.
        status: HTTP status of the answer; `CUT` for none.
        times: how many calls fail; None stands for all that come.
        caller: only calls whose User-Agent holds this text.
        account: only calls of this account.
        region: only calls to this region.
        delay_seconds: how long the answer is held back, so that a client may lose patience.
        message: what the answer says beside the code.
    """

    service: str
    operation: str
    code: str
    status: int = 400
    times: int | None = 1
    caller: str = ""
    account: str = ""
    region: str = ""
    delay_seconds: float = 0.0
    message: str = "made to fail"

    def meets(self, service: str, operation: str | None, user_agent: str, caller: Caller) -> bool:
        """Whether a call is one of those that fail."""
        return (
            (self.service, self.operation) == (service, operation)
            and self.caller in user_agent
            and self.account in ("", caller.account)
            and self.region in ("", caller.region)
        )


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

    def __bool__(self) -> bool:
        """Whether any fault waits."""
        return bool(self._waiting)

    def take(
        self, service: str, operation: str | None, user_agent: str, caller: Caller
    ) -> AwsFault | None:
        """Return the fault that this call meets, if any."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if not fault.meets(service, operation, user_agent, caller):
                    continue
                if fault.times is not None:
                    left = fault.times - 1
                    self._waiting[index : index + 1] = [replace(fault, times=left)] if left else []
                return fault
        return None
