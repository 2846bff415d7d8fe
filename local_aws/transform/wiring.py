"""Lets transform jobs reach the containers that endpoints have too, and tell EventBridge."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from local_aws.clock import Clock
from local_aws.events.job_events import announce_job
from local_aws.services.sagemaker_transform import SageMakerTransform
from local_aws.serving.container import ContainerError
from local_aws.serving.process import Container, UnreachableError
from local_aws.transform.record import TransformJob
from local_aws.transform.run import Reply, TransformError, World

Client = Callable[[str, str], Any]


class Lender(Protocol):
    """Who has containers: `local_aws.serving.runtime.Serving`."""

    def borrow(
        self, region: str, model: dict[str, Any], environment: Mapping[str, str]
    ) -> AbstractContextManager[Container]:
        """Wait for a container of a model, and keep it as long as the block lasts."""


class BorrowedContainers:
    """Containers of jobs, borrowed from those who have them."""

    def __init__(self, lender: Lender) -> None:
        self._lender = lender

    @contextmanager
    def open(
        self, region: str, job: TransformJob, environment: Mapping[str, str]
    ) -> Iterator[Callable[[bytes, Mapping[str, str], float], Reply]]:
        """Start a job's container and keep it; gives what sends one request."""
        try:
            with self._lender.borrow(region, job.model, environment) as container:
                yield lambda body, headers, seconds: container.request(
                    "POST", "/invocations", body, headers, seconds
                )
        except (ContainerError, UnreachableError) as error:
            raise TransformError(f"AlgorithmError: {error}") from error


def connect(
    service: SageMakerTransform,
    lender: Lender,
    *,
    client: Client,
    clock: Clock,
    write_log: Callable[[str, str, Any], None],
) -> None:
    """Let transform jobs run."""
    service.containers = BorrowedContainers(lender)
    service.world = World(
        client=client,
        now=clock.now,
        service_time=clock.service_time,
        write_log=write_log,
        announce=lambda region, job: announce(client("events", region), job),
    )


def announce(events: Any, job: TransformJob) -> None:
    """Send the event of a job's state."""
    detail = {**job.describe(), "Tags": job.tags}
    announce_job(events, "SageMaker Transform Job State Change", job.arn, detail)
