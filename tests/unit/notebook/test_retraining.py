"""What ModelTrainer is given, out of a run's documents."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.notebook.documents import BUCKET, CHAMPION, GROUP, RUN_ID, run
from thriftline_notebook.problems import RetrainingError
from thriftline_notebook.retraining import Champion, Retraining, as_text, retraining_of


def retraining(changes: dict[str, object] | None = None, **options: Any) -> Retraining:
    given = {"champion": CHAMPION, **options}
    job = given.pop("job", {})
    return retraining_of(run(**job), changes or {"epochs": 5}, **given)


def test_the_job_is_the_runs_but_for_the_change_and_its_own_places() -> None:
    made = retraining({"learning_rate": 3e-5})

    assert made.hyperparameters["learning_rate"] == "3e-05"
    assert made.hyperparameters["epochs"] == "3"
    assert made.hyperparameters["run_id"] == made.retraining_id != RUN_ID
    assert made.checkpoint_config["s3_uri"] == f"s3://{BUCKET}/checkpoints/{made.retraining_id}/"
    assert made.output_data_config == {
        "s3_output_path": f"s3://{BUCKET}/training/{made.retraining_id}/"
    }
    assert made.compute == {
        "instance_type": "ml.g5.xlarge",
        "instance_count": 1,
        "volume_size_in_gb": 30,
        "enable_managed_spot_training": True,
    }
    assert made.networking["enable_network_isolation"] is True
    assert made.image == "repository@sha256:1"
    assert made.what_changed == "learning_rate from 5e-05 to 3e-05"


def test_channels_are_the_runs_with_the_champion_of_now() -> None:
    channels = retraining().channels
    assert channels["test"]["data_source"]["s3_uri"] == (
        f"s3://{BUCKET}/scratch/{RUN_ID}/splits/test/"
    )
    assert channels["test"]["content_type"] == "application/jsonlines"
    assert "content_type" not in channels["model"]
    assert channels["champion"]["data_source"]["s3_uri"] == CHAMPION.model_uri
    assert "champion" not in retraining(champion=None).channels


def test_a_champion_of_another_trainer_is_not_asked_and_it_says_why() -> None:
    bedrock = Champion(f"{GROUP}/4", 4, "bedrock", "arn:aws:bedrock:::custom-model/x")
    made = retraining(champion=bedrock)
    assert "champion" not in made.channels
    assert made.champion is None
    assert made.not_asked is not None
    assert "bedrock" in made.not_asked


def test_the_same_change_is_the_same_retraining_in_any_order() -> None:
    first = retraining({"epochs": 5, "learning_rate": 1e-4})
    assert first.retraining_id == retraining({"learning_rate": 1e-4, "epochs": 5}).retraining_id
    assert first.retraining_id != retraining({"epochs": 5}).retraining_id
    # It has the form of a run's id, and room for the SDK's time behind it.
    assert len(first.retraining_id) <= 37
    assert len(f"{first.retraining_id}-20261130120000") <= 63


def test_spot_waits_and_on_demand_has_no_time_to_wait() -> None:
    assert retraining().stopping_condition == {
        "max_runtime_in_seconds": 3600,
        "max_wait_time_in_seconds": 10_000,
    }
    longer = retraining(max_runtime_seconds=8_000).stopping_condition
    assert longer["max_wait_time_in_seconds"] == 16_000
    on_demand = retraining(spot=False)
    assert on_demand.stopping_condition == {"max_runtime_in_seconds": 3600}
    assert on_demand.compute["enable_managed_spot_training"] is False


def test_the_most_that_it_costs_is_known_where_the_rate_is() -> None:
    assert retraining(max_runtime_seconds=1800).most_usd == Decimal("0.70")
    assert retraining(job={"Environment": {}}).most_usd is None


def test_tags_are_the_runs_but_for_its_id() -> None:
    assert retraining().tags == {
        "thriftline:project": "films",
        "cost-center": "7",
        "thriftline:retrained-from": RUN_ID,
    }


def test_keys_and_networks_are_the_jobs() -> None:
    made = retraining(
        job={
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/training/x/", "KmsKeyId": "k"},
            "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        }
    )
    assert made.output_data_config["kms_key_id"] == "k"
    assert made.networking["subnets"] == ["subnet-1"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"learning_rat": 1}, "did you mean learning_rate"),
        ({"zzz": 1}, "no hyperparameter of the run's job: it has base_model, epochs"),
        ({"run_id": "x"}, "run_id stays"),
        ({"base_model": "other"}, "base_model stays"),
        ({"epochs": 3}, "epochs is 3 in the run already"),
    ],
)
def test_a_change_that_is_none_is_refused_before_anything_is_spent(
    changes: dict[str, object], says: str
) -> None:
    with pytest.raises(RetrainingError, match=says):
        retraining(changes)


def test_no_change_at_all_is_refused() -> None:
    with pytest.raises(RetrainingError, match="No hyperparameter is changed"):
        retraining_of(run(), {}, champion=None)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (3, "3"), (3e-5, "3e-05"), ("none", "none"), ({"a": 2}, '{"a": 2}')],
)
def test_values_are_spelt_as_the_training_program_reads_them(value: object, text: str) -> None:
    assert as_text(value) == text
