"""Event source mappings of Lambda: a function is handed what waits in a queue.

moto calls the function once for each message, in the sender's thread, and knows no partial
failure. Here a thread looks at the queue, hands a batch over, and deletes what did not fail; what
failed becomes visible again when its time-out is over, and the queue's redrive policy counts it.
"""

import json
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.sqs.models import Message, sqs_backends

from local_aws.clients import Clients
from local_aws.hooks import Hooks

LOG = logging.getLogger(__name__)

_EVERY_SECONDS = 0.2
_LARGEST_BATCH = 10
_NOT_DONE = ("FilterCriteria", "MaximumBatchingWindowInSeconds", "DestinationConfig")


class QueueMappings:
    """Looks at the queues of all mappings; `lock` keeps moto's queues to one at a time."""

    def __init__(self, clients: Clients, lock: Callable[[], AbstractContextManager[Any]]) -> None:
        self._clients = clients
        self._lock = lock
        self._closing = threading.Event()

    def install(self, hooks: Hooks) -> None:
        """Take the place of moto's delivery."""
        mappings = self
        create = LambdaBackend.create_event_source_mapping

        def create_event_source_mapping(backend: LambdaBackend, spec: dict[str, Any]) -> Any:
            if ":sqs:" not in spec.get("EventSourceArn", ""):
                raise NotImplementedError("Only queues are event sources here.")
            if refused := [name for name in _NOT_DONE if spec.get(name)]:
                raise NotImplementedError(f"Not done here: {', '.join(refused)}")
            mapping = create(backend, spec)
            mappings._start(mapping)
            return mapping

        hooks.replace(LambdaBackend, "create_event_source_mapping", create_event_source_mapping)

    def close(self) -> None:
        """Hand nothing over any more."""
        self._closing.set()

    def _start(self, mapping: Any) -> None:
        queue = _queue_of(mapping)
        queue.lambda_event_source_mappings.pop(mapping.function_arn, None)
        threading.Thread(
            target=self._watch, args=(mapping,), daemon=True, name=f"queue-{queue.name}"
        ).start()

    def _watch(self, mapping: Any) -> None:
        while not self._closing.wait(_EVERY_SECONDS):
            try:
                if not mapping.enabled:
                    continue
                while self._hand_over(mapping) and not self._closing.is_set():
                    pass
            except Exception:
                if self._closing.is_set():
                    return
                # A thread would swallow it, and the next look may go well.
                LOG.exception("the queue of %s could not be looked at", mapping.function_arn)

    def _hand_over(self, mapping: Any) -> bool:
        """Hand a batch over; return whether there was one."""
        queue = _queue_of(mapping)
        count = min(int(mapping.batch_size or _LARGEST_BATCH), _LARGEST_BATCH)
        with self._lock():
            backend = sqs_backends[queue.account_id][queue.region]
            batch = backend.receive_message(
                queue.name, count, 0, int(queue.visibility_timeout), ["All"]
            )
        if not batch:
            return False
        event = {"Records": [_record(message, queue) for message in batch]}
        answer = self._clients.get("lambda").invoke(
            FunctionName=mapping.function_arn, Payload=json.dumps(event).encode()
        )
        payload = answer["Payload"].read()
        if answer.get("FunctionError"):
            LOG.warning("%s failed with a batch: %s", mapping.function_arn, payload[:2_000])
            return True
        failed = _failed(payload, mapping, batch)
        with self._lock():
            for message in batch:
                if message.id not in failed:
                    backend.delete_message(queue.name, str(message.receipt_handle))
        return True


def _queue_of(mapping: Any) -> Any:
    _, _, _, region, account, name = mapping.event_source_arn.split(":")
    return sqs_backends[account][region].queues[name]


def _failed(payload: bytes, mapping: Any, batch: list[Message]) -> set[str]:
    """Return the messages that stay: AWS keeps the whole batch if the answer makes no sense."""
    if "ReportBatchItemFailures" not in (mapping.function_response_types or ()):
        return set()
    everything = {message.id for message in batch}
    try:
        items = (json.loads(payload) or {}).get("batchItemFailures") or []
        named = {str(item["itemIdentifier"]) for item in items}
    except (ValueError, KeyError, TypeError, AttributeError):
        return everything
    return named if named <= everything else everything


def _record(message: Message, queue: Any) -> dict[str, Any]:
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        },
        "messageAttributes": {
            name: {
                "stringValue": value.get("StringValue"),
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": value["DataType"],
            }
            for name, value in message.message_attributes.items()
        },
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": queue.region,
    }
