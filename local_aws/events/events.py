"""EventBridge: rules that match, and delivery to their targets with retries and a DLQ.

moto matches loosely and delivers to few targets, in the caller's thread. Here each event is
matched and delivered in threads of its own, through the same HTTP endpoint that everyone uses.
"""

import json
import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.events import events_backends
from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventPattern, EventPatternParser, Rule

from local_aws.clients import Clients
from local_aws.clock import Clock
from local_aws.events import event_patterns
from local_aws.events.event_inputs import target_input
from local_aws.hooks import Hooks

LOG = logging.getLogger(__name__)

_MAX_ATTEMPTS = 185
_FIRST_DELAY_SECONDS = 1.0
_MAX_DELAY_SECONDS = 60.0
_NOT_WORTH_RETRYING = frozenset(
    {
        "ResourceNotFoundException",
        "StateMachineDoesNotExist",
        "InvalidExecutionInput",
        "InvalidRequestContentException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
        "NotFound",
        "ValidationException",
        "AccessDeniedException",
        "NotImplementedByLocalAws",
    }
)


class Undeliverable(Exception):
    """A target that took no delivery: the error code and message of the last attempt."""

    def __init__(self, code: str, message: str, attempts: int, condition: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.attempts = attempts
        self.condition = condition


class EventBus:
    """The event buses of moto's backend, with delivery that works."""

    def __init__(self, clients: Clients, account: str, time_scale: float, clock: Clock) -> None:
        self._clients = clients
        self._clock = clock
        self._account = account
        self._time_scale = time_scale
        self._closing = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=32, thread_name_prefix="events")

    def install(self, hooks: Hooks) -> None:
        """Take the place of moto's matching and delivery."""
        bus = self

        def send_to_targets(rule: Any, event: dict[str, Any], **_: Any) -> None:
            bus._submit(bus._deliver_by_rule, rule, _wire_form(event))

        def matches_event(pattern: Any, event: dict[str, Any]) -> bool:
            return event_patterns.matches(pattern._pattern, _wire_form(event))

        hooks.replace(Rule, "send_to_targets", send_to_targets)
        hooks.replace(EventPattern, "matches_event", matches_event)
        hooks.replace(EventPatternParser, "_validate_event_pattern", _validate_pattern)

    def publish(
        self, *, source: str, detail_type: str, detail: Mapping[str, Any], resources: list[str]
    ) -> None:
        """Send an event of an AWS service to the default bus."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": self._account,
            "time": self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._clients.region,
            "resources": resources,
            "detail": dict(detail),
        }
        self._submit(self._match, event)

    def close(self) -> None:
        """Stop delivering; what waits for a retry is dropped."""
        self._closing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, work: Callable[..., None], *arguments: Any) -> None:
        if not self._closing.is_set():
            self._pool.submit(_logged, work, *arguments)

    def _match(self, event: dict[str, Any]) -> None:
        buses = events_backends[self._account][self._clients.region].event_buses
        for rule in list(buses["default"].rules.values()):
            self._deliver_by_rule(rule, event)

    def _deliver_by_rule(self, rule: Any, event: dict[str, Any]) -> None:
        pattern = rule.event_pattern.get_pattern()
        # A rule with a schedule alone has no pattern, and no event matches it.
        if rule.state != "ENABLED" or not pattern or not event_patterns.matches(pattern, event):
            return
        for target in list(rule.targets):
            self._submit(self._deliver, rule, target, event)

    def _deliver(self, rule: Any, target: Mapping[str, Any], event: dict[str, Any]) -> None:
        try:
            text = target_input(target, event, rule.arn)
            self._with_retries(target, event, text)
        except Undeliverable as error:
            LOG.error("rule %s: no delivery to %s: %s", rule.name, target["Arn"], error)
            self._to_dead_letter_queue(rule, target, event, error)

    def _with_retries(self, target: Mapping[str, Any], event: dict[str, Any], text: str) -> None:
        retries = int(target.get("RetryPolicy", {}).get("MaximumRetryAttempts", _MAX_ATTEMPTS))
        delay = _FIRST_DELAY_SECONDS
        for attempt in range(retries + 1):
            try:
                self._send(target, event, text)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                message = error.response["Error"]["Message"]
                if code in _NOT_WORTH_RETRYING:
                    raise Undeliverable(code, message, attempt, "NonRetryable") from error
                if attempt == retries or self._closing.wait(delay / self._time_scale):
                    condition = "MaximumRetryAttempts"
                    raise Undeliverable(code, message, attempt, condition) from error
                delay = min(delay * 2, _MAX_DELAY_SECONDS)
            else:
                return

    def _send(self, target: Mapping[str, Any], event: dict[str, Any], text: str) -> None:
        arn: str = target["Arn"]
        service = arn.split(":")[2]
        sender = _SENDERS.get(service)
        if sender is None:
            message = f"EventBridge targets of the service {service} are not delivered"
            raise Undeliverable("NotImplementedByLocalAws", message, 0, "NonRetryable")
        sender(self._clients, target, event, text)

    def _to_dead_letter_queue(
        self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any], error: Undeliverable
    ) -> None:
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue is None:
            return
        attributes = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": error.message,
            "RETRY_ATTEMPTS": str(error.attempts),
            "EXHAUSTED_RETRY_CONDITION": error.condition,
        }
        self._clients.get("sqs").send_message(
            QueueUrl=_queue_url(self._clients, queue),
            MessageBody=json.dumps(event),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value or "-"}
                for name, value in attributes.items()
            },
        )


def _logged(work: Callable[..., None], *arguments: Any) -> None:
    try:
        work(*arguments)
    except Exception:
        # A thread of a pool would swallow it.
        LOG.exception("event delivery failed")


def _validate_pattern(_self: Any, pattern: dict[str, Any]) -> None:
    try:
        if pattern:
            event_patterns.validate(pattern)
    except event_patterns.InvalidPatternError as error:
        raise InvalidEventPatternException(reason=str(error)) from error


def _wire_form(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event as EventBridge sends it: ISO time, none of moto's own fields."""
    wire = {key: value for key, value in event.items() if key != "ingestion-time"}
    time = wire.get("time")
    if isinstance(time, int | float):
        wire["time"] = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return wire


def _queue_url(clients: Clients, arn: str) -> str:
    name = arn.rsplit(":", 1)[-1]
    return str(clients.get("sqs").get_queue_url(QueueName=name)["QueueUrl"])


def _to_state_machine(
    clients: Clients, target: Mapping[str, Any], event: Mapping[str, Any], text: str
) -> None:
    clients.get("stepfunctions").start_execution(
        stateMachineArn=target["Arn"],
        name=f"{event['id']}_{uuid.uuid4()}",
        input=text,
    )


def _to_lambda(
    clients: Clients, target: Mapping[str, Any], _event: Mapping[str, Any], text: str
) -> None:
    clients.get("lambda").invoke(
        FunctionName=target["Arn"], InvocationType="Event", Payload=text.encode()
    )


def _to_queue(
    clients: Clients, target: Mapping[str, Any], _event: Mapping[str, Any], text: str
) -> None:
    group = target.get("SqsParameters", {}).get("MessageGroupId")
    clients.get("sqs").send_message(
        QueueUrl=_queue_url(clients, target["Arn"]),
        MessageBody=text,
        **({"MessageGroupId": group} if group else {}),
    )


def _to_topic(
    clients: Clients, target: Mapping[str, Any], _event: Mapping[str, Any], text: str
) -> None:
    clients.get("sns").publish(TopicArn=target["Arn"], Message=text)


def _to_log_group(
    clients: Clients, target: Mapping[str, Any], event: Mapping[str, Any], text: str
) -> None:
    group = target["Arn"].split(":log-group:")[1].removesuffix(":*")
    logs = clients.get("logs")
    stream = f"{event['id']}/{uuid.uuid4().hex[:8]}"
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    moment = datetime.fromisoformat(event["time"])
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": int(moment.timestamp() * 1000), "message": text}],
    )


def _to_event_bus(
    clients: Clients, target: Mapping[str, Any], event: Mapping[str, Any], _text: str
) -> None:
    clients.get("events").put_events(
        Entries=[
            {
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"]),
                "Resources": event["resources"],
                "EventBusName": target["Arn"],
            }
        ]
    )


_SENDERS: dict[str, Callable[[Clients, Mapping[str, Any], Mapping[str, Any], str], None]] = {
    "states": _to_state_machine,
    "lambda": _to_lambda,
    "sqs": _to_queue,
    "sns": _to_topic,
    "logs": _to_log_group,
    "events": _to_event_bus,
}
