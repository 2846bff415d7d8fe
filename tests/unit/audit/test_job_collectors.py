"""Processing and training jobs, of which the embedded AWS has no pages and no warm pools."""

from typing import Any

from tests.unit.audit.canned_answers import job_answer, processing_answer, warm
from tests.unit.audit.canned_aws import NOW, START, CannedClients, error, pages
from thriftline.audit.aws.collectors.processing_jobs import collect_processing_jobs
from thriftline.audit.aws.collectors.training_jobs import collect_training_jobs, training_job
from thriftline.audit.domain.resources.jobs import TrainingJob


def test_processing_jobs_of_all_pages_are_described() -> None:
    rows = [{"ProcessingJobName": name} for name in ("a", "b", "c")]
    clients = CannedClients(
        {
            "ListProcessingJobs": pages("ProcessingJobSummaries", rows),
            "DescribeProcessingJob": processing_answer,
        }
    )
    found = collect_processing_jobs(clients, START)
    assert [one.name for one in found.found] == ["a", "b", "c"]
    first = found.found[0]
    assert (first.instance_count, first.output_s3_uris, first.tags) == (2, ("s3://out/x",), ())
    # One that failed before it started ended when it last changed.
    assert (first.started, first.ended) == (None, NOW)


def test_a_processing_job_that_cannot_be_described_is_told() -> None:
    clients = CannedClients(
        {
            "ListProcessingJobs": pages("ProcessingJobSummaries", [{"ProcessingJobName": "a"}]),
            "DescribeProcessingJob": [error("InternalFailure")],
        }
    )
    found = collect_processing_jobs(clients, START)
    assert found.found == ()
    assert [one.resource for one in found.unread] == ["a"]


def test_only_a_job_that_kept_its_instances_is_described_after_a_search() -> None:
    pool = {"Status": "Reused", "ResourceRetainedBillableTimeInSeconds": 90, "ReusedByJob": "next"}
    clients = CannedClients(
        {
            "Search": [
                {"Results": []},
                *pages("Results", [{"TrainingJob": job_answer("a")}, {"TrainingJob": warm("b")}]),
            ],
            "DescribeTrainingJob": [{**warm("b"), "WarmPoolStatus": pool}],
        }
    )
    found = {job.name: job for job in collect_training_jobs(clients, START).found}
    assert found["a"].warm_pool is None
    kept = found["b"].warm_pool
    assert kept is not None
    assert (kept.status, kept.retained_billable_seconds, kept.reused_by_job) == (
        *("Reused", 90, "next"),
    )
    assert clients.calls.count("DescribeTrainingJob") == 1


def made(**fields: Any) -> TrainingJob:
    return training_job(job_answer(**fields), ())


def test_instances_of_one_type_in_groups_are_counted_together() -> None:
    def groups(*types: str) -> dict[str, Any]:
        return {
            "InstanceGroups": [
                {"InstanceType": one, "InstanceCount": 2, "InstanceGroupName": str(index)}
                for index, one in enumerate(types)
            ]
        }

    same = made(ResourceConfig=groups("ml.g5.xlarge", "ml.g5.xlarge"))
    mixed = made(ResourceConfig=groups("ml.g5.xlarge", "ml.m5.xlarge"))
    assert (same.instance_type, same.instance_count) == ("ml.g5.xlarge", 4)
    assert (mixed.instance_type, mixed.instance_count) == (None, 4)


def test_a_job_that_never_started_was_not_billed_and_ended_when_it_last_changed() -> None:
    job = made(TrainingStartTime=None, TrainingEndTime=None, TrainingJobStatus="Failed")
    assert (job.billable_seconds, job.training_seconds) == (0, 0)
    assert job.ended == job.last_modified


def test_seconds_that_sagemaker_does_not_know_yet_are_unknown() -> None:
    job = made(TrainingJobStatus="InProgress", TrainingEndTime=None)
    assert (job.billable_seconds, job.ended) == (None, None)
    assert made().billable_seconds is None
