"""SageMaker's transform jobs: what is refused at once, how they are described and billed."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.cost_explorer import DailyCharge
from local_aws.services.instance_charges import InstanceUse, instance_charge
from local_aws.services.pages import Listing
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import SageMakerStore, already_there, not_found
from local_aws.transform.record import RUNNING, TransformJob
from local_aws.transform.run import Containers, TransformRun, World, start

_JOBS = Listing(
    "TransformJobSummaries", "TransformJobName", "TransformJobStatus", by="CreationTime"
)
_MOST_MEGABYTES = 100
_INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")
_NOT_HERE = {"RecordIO", "TFRecord"}


class SageMakerTransform:
    """The calls about transform jobs.

    `containers` and `world` are set where models can be served; without them a job is refused with
    501, and none is ever pretended.
    """

    def __init__(self, stores: Places[SageMakerStore]) -> None:
        self._stores = stores
        self._jobs: dict[tuple[str, str], dict[str, TransformJob]] = {}
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self.containers: Containers | None = None
        self.world: World | None = None

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateTransformJob": self._create,
            "DescribeTransformJob": lambda request: self._find(request).describe(),
            "ListTransformJobs": self._list,
            "StopTransformJob": self._stop,
        }

    def close(self) -> None:
        """Ask all jobs to stop, and wait a little for them."""
        for jobs in self._jobs.values():
            for job in jobs.values():
                job.stop_requested.set()
        for thread in self._threads:
            thread.join(5)

    # ---- Calls

    def _create(self, request: Request) -> Mapping[str, Any]:
        refuse(request.parameters)
        store = self._stores.of(request)
        name, model_name = request["TransformJobName"], request["ModelName"]
        arn = store.arn_of("transform-job", name)
        model = store.models.get(model_name)
        if model is None:
            raise not_found("model", store.arn_of("model", model_name))
        _refuse_model(model)
        if self.world is None or self.containers is None:
            raise AwsError("NotImplemented", "No model can be served by this embedded AWS.", 501)
        job = TransformJob(request.parameters, arn, model, request.now)
        with self._lock:
            jobs = self._jobs.setdefault((request.account, request.region), {})
            if name in jobs:
                raise already_there("transform job", arn)
            jobs[name] = job
        store.set_tags(arn, request.get("Tags"))
        run = TransformRun(self.world, self.containers, job, request.region)
        self._threads.append(start(run, name))
        return {"TransformJobArn": arn}

    def _find(self, request: Request) -> TransformJob:
        jobs = self._jobs.get((request.account, request.region), {})
        job = jobs.get(request["TransformJobName"])
        if job is None:
            raise AwsError(
                "ValidationException",
                f"Could not find requested job with name: {request['TransformJobName']}",
            )
        return job

    def _list(self, request: Request) -> Mapping[str, Any]:
        jobs = self._jobs.get((request.account, request.region), {})
        return _JOBS.answer([each.summary() for each in jobs.values()], request)

    def _stop(self, request: Request) -> None:
        job = self._find(request)
        if not job.stop(request.now):
            raise AwsError(
                "ValidationException",
                f"The request was rejected because the transform job is in status {job.status}.",
            )

    # ---- The bill

    def charges(self, account: str, now: datetime, today: date) -> Iterator[DailyCharge]:
        """Return what the jobs of an account cost until an instant of the service time.

        The rate is hosting's, which is batch transform's wherever both are known here.
        """
        for (owner, region), jobs in list(self._jobs.items()):
            for job in list(jobs.values()) if owner == account else ():
                if charge := _charge(job, account, region, now, today):
                    yield charge


def _charge(
    job: TransformJob, account: str, region: str, now: datetime, today: date
) -> DailyCharge | None:
    if job.billed_from is None:
        return None
    lasted = now - job.billed_from if job.status in RUNNING else timedelta(0)
    return instance_charge(
        InstanceUse(*job.instances, timedelta(seconds=job.billed_seconds) or lasted),
        "Tsform",
        (account, region),
        min(job.billed_from.date(), today),
        job.tags,
    )


# ---- What SageMaker refuses at once


def refuse(request: Mapping[str, Any]) -> None:
    """Raise AwsError for a request that SageMaker would refuse, or that is not done here."""
    for problem in _CHECKS:
        problem(request)


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationException", text)


def _refuse_model(model: Mapping[str, Any]) -> None:
    containers = [model.get("PrimaryContainer") or {}, *(model.get("Containers") or ())]
    if any(each.get("ModelDataSource") for each in containers):
        raise _invalid(
            "ModelDataSource is not supported by batch transform: give the model a ModelDataUrl."
        )
    if any(each.get("Mode") == "MultiModel" for each in containers):
        raise _invalid("A multi-model container is not supported by batch transform.")


def _payload(request: Mapping[str, Any]) -> None:
    megabytes, at_once = request.get("MaxPayloadInMB", 6), request.get("MaxConcurrentTransforms", 1)
    if megabytes == 0:
        raise AwsError(
            "NotImplemented", "Chunked payloads (MaxPayloadInMB 0) are not done here.", 501
        )
    if megabytes * max(1, at_once) > _MOST_MEGABYTES:
        raise _invalid(
            f"MaxConcurrentTransforms * MaxPayloadInMB must be at most {_MOST_MEGABYTES} MB; they "
            f"are {at_once} and {megabytes}."
        )


def _split(request: Mapping[str, Any]) -> None:
    source = request["TransformInput"]
    split = source.get("SplitType", "None")
    if split in _NOT_HERE:
        raise AwsError("NotImplemented", f"SplitType {split} is not done here.", 501)
    if split == "None" and request.get("BatchStrategy") == "MultiRecord":
        raise _invalid("BatchStrategy MultiRecord needs a SplitType: Line, RecordIO or TFRecord.")


def _source(request: Mapping[str, Any]) -> None:
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    if source["S3DataType"] != "S3Prefix":
        raise AwsError("NotImplemented", f"{source['S3DataType']} is not done here.", 501)


def _processing(request: Mapping[str, Any]) -> None:
    given = request.get("DataProcessing") or {}
    usual = {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
    if any(given.get(name, value) != value for name, value in usual.items()):
        raise AwsError("NotImplemented", "Filters and joins are not done here.", 501)
    if request.get("DataCaptureConfig"):
        raise AwsError("NotImplemented", "Capture of a transform job is not done here.", 501)


def _resources(request: Mapping[str, Any]) -> None:
    kind = request["TransformResources"]["InstanceType"]
    if not _INSTANCE.fullmatch(kind):
        raise _invalid(f"{kind} is no instance type of batch transform.")


_CHECKS: tuple[Callable[[Mapping[str, Any]], None], ...] = (
    _payload,
    _split,
    _source,
    _processing,
    _resources,
)
