"""SageMaker's processing jobs: those of the Spark image run their program, others are refused."""

import re
import threading
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from local_aws.events.job_events import announce_job
from local_aws.http.error_answers import NOT_DONE
from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.iam.service_roles import ServiceRole
from local_aws.preparation.processing_container import OPT_ML, is_below_opt_ml
from local_aws.preparation.processing_job import RUNNING, ProcessingJob
from local_aws.preparation.processing_life import ProcessingLife, ProcessingWorld
from local_aws.process_variables import refused_variables
from local_aws.services.cost_explorer import DailyCharge
from local_aws.services.instance_charges import InstanceUse, instance_charge
from local_aws.services.pages import Listing
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import SageMakerStore
from local_aws.services.service_quotas import QuotaStore
from local_aws.services.spark_quotas import processing_quota

_SERVICE = "sagemaker.amazonaws.com"
_IMAGE = re.compile(r".*/sagemaker-spark-processing[:@].+")
_SUBMIT = "smspark-submit"
_JOBS = Listing("ProcessingJobSummaries", "ProcessingJobName", "ProcessingJobStatus")


class SageMakerProcessing:
    """The calls about processing jobs; `world` is None where no program can be run."""

    def __init__(self, stores: Places[SageMakerStore], quotas: Places[QuotaStore]) -> None:
        self._stores = stores
        self._quotas = quotas
        self._jobs: dict[tuple[str, str], dict[str, ProcessingJob]] = {}
        self._lock = threading.Lock()
        self.world: ProcessingWorld | None = None

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateProcessingJob": self._create,
            "DescribeProcessingJob": lambda request: self._find(request).describe(),
            "ListProcessingJobs": self._list,
            "StopProcessingJob": self._stop,
        }

    def _create(self, request: Request) -> Mapping[str, Any]:
        if self.world is None:
            raise _not_done("Processing jobs without `preparation` in the options are")
        check(request.parameters)
        store, name = self._stores.of(request), request["ProcessingJobName"]
        arn = store.arn_of("processing-job", name)
        programs = self.world.programs
        if programs.options.check_role:
            _check_role(request, arn)
        job = ProcessingJob(request.parameters, arn, request.now)
        with self._lock:
            jobs = self._jobs_of(request)
            if name in jobs:
                raise AwsError(
                    "ResourceInUse",
                    "Processing job names must be unique within an AWS account and region, and a "
                    f"processing job with this name already exists ({arn})",
                )
            self._check_quota(request, job)
            if missing := programs.options.missing():
                raise _invalid(missing)
            jobs[name] = job
        store.set_tags(arn, request.get("Tags"))
        life = ProcessingLife(job, self.world)
        self.world.announce(job)
        if programs.keep(life):
            life.start()
        return {"ProcessingJobArn": arn}

    def _jobs_of(self, request: Request) -> dict[str, ProcessingJob]:
        return self._jobs.setdefault((request.account, request.region), {})

    def _check_quota(self, request: Request, job: ProcessingJob) -> None:
        """Refuse a job that would pass the account's quota of each type that it may have."""
        quotas, wanted = self._quotas.of(request), job.instances[1]
        refusals = []
        for kind in job.preferences:
            name = processing_quota(kind)
            running = [
                each.instances for each in self._jobs_of(request).values() if each.status in RUNNING
            ]
            in_use = sum(count for used, count in running if used == kind)
            if in_use + wanted <= quotas.limit(name):
                return
            refusals.append(
                f"The account-level service limit '{name}' is {quotas.limit(name)} Instances, with "
                f"current utilization of {in_use} Instances and a request delta of {wanted} "
                "Instances. Please use AWS Service Quotas to request an increase for this quota."
            )
        raise AwsError("ResourceLimitExceeded", refusals[0])

    def _find(self, request: Request) -> ProcessingJob:
        job = self._jobs_of(request).get(request["ProcessingJobName"])
        if job is None:
            raise _invalid(
                f"Could not find requested job with name: {request['ProcessingJobName']}"
            )
        return job

    def _list(self, request: Request) -> Mapping[str, Any]:
        return _JOBS.answer([each.summary() for each in self._jobs_of(request).values()], request)

    def _stop(self, request: Request) -> None:
        job = self._find(request)
        if not job.stop(request.now):
            raise _invalid(
                f"The request was rejected because the processing job is in status {job.status}."
            )
        if self.world is not None:
            self.world.announce(job)

    # ---- The bill

    def charges(self, account: str, now: datetime, today: date) -> Iterator[DailyCharge]:
        """Return what the jobs of an account cost until an instant, at hosting's rates."""
        for (owner, region), jobs in list(self._jobs.items()):
            for job in list(jobs.values()) if owner == account else ():
                if charge := _charge(job, account, region, now, today):
                    yield charge


def _charge(
    job: ProcessingJob, account: str, region: str, now: datetime, today: date
) -> DailyCharge | None:
    if job.started_at is None:
        return None
    return instance_charge(
        InstanceUse(*job.instances, (job.ended_at or now) - job.started_at),
        "Processing",
        (account, region),
        min(job.started_at.date(), today),
        job.tags,
    )


def announce(events: Any, job: ProcessingJob) -> None:
    """Send the event of a job's state."""
    detail = {**job.describe(), "Tags": job.tags}
    announce_job(events, "SageMaker Processing Job State Change", job.arn, detail)


# ---- What is refused at once


def check(request: Mapping[str, Any]) -> None:
    """Raise AwsError for a request that SageMaker would refuse, or that is not done here."""
    specification = request["AppSpecification"]
    if not _IMAGE.fullmatch(specification["ImageUri"]):
        raise _not_done(f"Images other than Spark's, such as {specification['ImageUri']}, are")
    entry_point = specification.get("ContainerEntrypoint") or []
    if entry_point[:1] != [_SUBMIT] or len(entry_point) < 2:
        raise _not_done(f"A ContainerEntrypoint other than {_SUBMIT} with a program is")
    if not is_below_opt_ml(entry_point[-1]):
        raise _invalid(f"The program {entry_point[-1]} must lie below {OPT_ML}.")
    outputs = (request.get("ProcessingOutputConfig") or {}).get("Outputs")
    if outputs:
        raise _not_done("ProcessingOutputConfig (a program writes to s3:// itself) is")
    if refused := refused_variables(request.get("Environment") or {}):
        raise _invalid(f"Variables that make a process run other code: {', '.join(refused)}.")
    for each in request.get("ProcessingInputs") or ():
        _check_input(each)
    _check_cluster(request["ProcessingResources"]["ClusterConfig"])


def _check_input(given: Mapping[str, Any]) -> None:
    source = given.get("S3Input")
    if source is None or source["S3DataType"] != "S3Prefix":
        raise _not_done("An input other than an S3Prefix is")
    if source.get("S3InputMode", "File") != "File":
        raise _not_done("S3InputMode Pipe is")
    if not is_below_opt_ml(source.get("LocalPath", "")):
        raise _invalid(f"LocalPath must be below {OPT_ML}; it is {source.get('LocalPath')}.")


def _check_cluster(cluster: Mapping[str, Any]) -> None:
    if bool(cluster.get("InstanceType")) == bool(cluster.get("InstancePreferences")):
        raise _invalid("ClusterConfig needs one of InstanceType and InstancePreferences.")


def _check_role(request: Request, arn: str) -> None:
    role = request["RoleArn"]
    if not ServiceRole(request.account, role).trusts(_SERVICE, arn):
        raise _invalid(
            f"Could not assume role {role}. Please ensure that the role exists and allows "
            f"principal '{_SERVICE}' to assume the role."
        )


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationException", text)


def _not_done(what: str) -> AwsError:
    return AwsError(NOT_DONE, f"{what} not done by the embedded AWS.", 501)
