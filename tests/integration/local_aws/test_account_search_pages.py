"""Searches and lists of buckets take pages, and lose nothing between them."""

from local_aws.accounts.generator import Size, generate_account
from local_aws.server import EmbeddedAws
from tests.integration.local_aws.conftest import options_of
from tests.integration.local_aws.sample_account import ACCOUNT, REGION, small


def test_a_search_is_paged_and_gives_each_job_once() -> None:
    large = generate_account(Size(endpoints=0, training_jobs=230, buckets=0, notebooks=0))
    with EmbeddedAws(options_of(large)) as aws:
        search = aws.client("sagemaker").get_paginator("search")
        pages = search.paginate(Resource="TrainingJob", MaxResults=100)
        jobs = [one["TrainingJob"] for page in pages for one in page["Results"]]
        names = [job["TrainingJobName"] for job in jobs]
        assert sorted(names) == sorted(job.name for job in large.training_jobs)
        assert aws.calls["sagemaker", "Search"] == 3


def test_buckets_are_listed_by_region_and_page() -> None:
    here = small(ACCOUNT, REGION, buckets=[{"name": f"here-{index}"} for index in range(5)])
    there = small(ACCOUNT, "us-west-2", buckets=[{"name": "far-away"}])
    with EmbeddedAws(options_of(here, there)) as aws:
        s3 = aws.client("s3")
        pages = s3.get_paginator("list_buckets").paginate(BucketRegion=REGION, MaxBuckets=2)
        listed = [one for page in pages for one in page["Buckets"]]
        assert {"here-0", "here-4"} <= {one["Name"] for one in listed}
        assert "far-away" not in {one["Name"] for one in listed}
        assert {one["BucketRegion"] for one in listed} == {REGION}
        everywhere = s3.list_buckets()["Buckets"]
        assert "far-away" in {one["Name"] for one in everywhere}
        assert "BucketRegion" not in everywhere[0]
