"""What was found in one account and region at one instant: all that the rules may look at."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from thriftline.audit.domain.facts import ResourceKind, UnreadResource
from thriftline.audit.domain.metrics import Metrics
from thriftline.audit.domain.resources.bedrock import Bedrock
from thriftline.audit.domain.resources.endpoints import Endpoint, Model, ModelPackage
from thriftline.audit.domain.resources.hyperpod import HyperPodCluster
from thriftline.audit.domain.resources.jobs import ProcessingJob, ReadingJob, TrainingJob
from thriftline.audit.domain.resources.mlflow import MlflowServer
from thriftline.audit.domain.resources.notebooks import Notebook, StudioApp, StudioSpace
from thriftline.audit.domain.resources.runs import RunBill, SettledRun
from thriftline.audit.domain.resources.served import EndpointConfig, ServedEndpoint
from thriftline.audit.domain.resources.spend import CostLine
from thriftline.audit.domain.resources.storage import Bucket, LogGroup
from thriftline.core.dataclass import dataclass

# How far before the window jobs are collected. Checkpoints outlive it: whose they are, and who
# reads them, is told by jobs.
LOOK_BACK = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Window:
    """Whole UTC days, [start, end)."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        """How long it is."""
        return (self.end - self.start).total_seconds() / 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All resources of one account and region.

    ``collected`` are the kinds that were asked for: of any other nothing is known. A resource
    whose own Describe failed is in ``unread`` and in no list; a kind whose listing failed, wholly
    or part of the way, is in ``unread`` as "*" beside what was listed. Global kinds (buckets)
    belong to the region they lie in.
    """

    account: str
    region: str
    now: datetime
    window: Window
    collected: frozenset[ResourceKind]
    training_jobs: tuple[TrainingJob, ...]
    processing_jobs: tuple[ProcessingJob, ...]
    endpoints: tuple[Endpoint, ...]
    models: tuple[Model, ...]
    model_packages: tuple[ModelPackage, ...]
    notebooks: tuple[Notebook, ...]
    studio_apps: tuple[StudioApp, ...]
    bedrock: Bedrock
    buckets: tuple[Bucket, ...]
    log_groups: tuple[LogGroup, ...]
    costs: tuple[CostLine, ...]
    metrics: Metrics
    unread: tuple[UnreadResource, ...]
    mlflow_servers: tuple[MlflowServer, ...] = ()
    transform_jobs: tuple[ReadingJob, ...] = ()
    tuning_jobs: tuple[ReadingJob, ...] = ()
    hyperpod_clusters: tuple[HyperPodCluster, ...] = ()
    studio_spaces: tuple[StudioSpace, ...] = ()
    settled_runs: tuple[SettledRun, ...] = ()
    run_bills: tuple[RunBill, ...] = ()
    endpoint_configs: tuple[EndpointConfig, ...] = ()
    served_endpoints: tuple[ServedEndpoint, ...] = ()

    def unread_of(self, *kinds: ResourceKind) -> tuple[UnreadResource, ...]:
        """Returns what could not be read of these kinds."""
        return tuple(one for one in self.unread if one.kind in kinds)

    def knows_all(self, kinds: Iterable[ResourceKind]) -> bool:
        """Whether these kinds were collected, each to the last resource."""
        wanted = frozenset(kinds)
        return wanted <= self.collected and not self.unread_of(*wanted)
