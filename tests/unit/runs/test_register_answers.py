"""Register model, for a model that its trainer's own service serves."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest

from tests.unit.runs.finished_run import JOB, NOW, RUN_ID, World, dataset, plan, world
from tests.unit.runs.registry_fakes import FakeRegistryClient
from tests.unit.runs.word_trainer import (
    DEPLOYMENT,
    MODEL,
    WordTrainer,
    answers,
    with_word_trainer,
)
from thriftline.core.errors import ThrottledError
from thriftline.runs.aws.model_registry import ModelRegistry
from thriftline.runs.steps.evaluate_run import evaluate_run
from thriftline.runs.steps.register_model import register_model

TERMS = {
    "base_model": "amazon.nova-micro-v1:0:128k",
    "system_prompt": "Answer with one word: negative, positive.",
    "label_words": {"0": "negative", "1": "positive"},
    "max_tokens": 5,
}


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        made.claim()
        made.attempt(1, image=None, instance_type=None, instance_count=None, spot=None)
        yield made


def _evaluated(here: World, trainer: WordTrainer, **gate: Any) -> None:
    here.put_run(gate=gate)
    here.put("dataset.json", dataset().model_dump_json().encode())
    planned = plan()
    rung = planned.rungs[0].model_copy(update={"terms": TERMS})
    planned = planned.model_copy(update={"trainer": "bedrock", "rungs": (rung,)})
    here.put("plan.json", planned.model_dump_json().encode())
    trainers = with_word_trainer(here.artifacts, trainer)
    evaluate_run(RUN_ID, JOB, artifacts=here.artifacts, trainers=trainers, now=NOW)


def _register(here: World, trainer: WordTrainer, client: FakeRegistryClient) -> str:
    response = register_model(
        RUN_ID,
        JOB,
        artifacts=here.artifacts,
        registry=ModelRegistry(cast("Any", client), "thriftline"),
        runs=here.runs,
        trainers=with_word_trainer(here.artifacts, trainer),
        cost_tags={},
    )
    return response.model_package_arn


def test_the_version_names_the_custom_model_and_the_document_how_it_is_asked(here: World) -> None:
    trainer, client = WordTrainer(answers(100, wrong=4)), FakeRegistryClient()
    _evaluated(here, trainer)
    _register(here, trainer, client)

    (package,) = client.packages
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["SourceUri"] == f"s3://artifacts/runs/{RUN_ID}/model.json"
    told = package["CustomerMetadataProperties"]
    assert told["model_uri"] == MODEL
    assert told["trainer"] == "bedrock"
    assert told["base_model"] == "amazon.nova-micro-v1:0:128k"
    assert told["label_words"] == "0=negative 1=positive"
    assert told["cost_usd"] == "0.160000"
    assert told["job_name"] == JOB
    assert told["deployment_arn"] == DEPLOYMENT
    assert "instance_type" not in told
    document = here.json("model.json")
    assert document["terms"] == TERMS
    assert (document["model_uri"], document["deployment_arn"]) == (MODEL, DEPLOYMENT)


def test_only_an_approved_model_becomes_the_one_that_answers(here: World) -> None:
    trainer, client = WordTrainer(answers(100, wrong=4)), FakeRegistryClient()
    for gate, promoted in (({"approval": "manual"}, []), ({"minimum": 0.99}, []), ({}, [JOB])):
        _evaluated(here, trainer, **gate)
        client.packages.clear()
        _register(here, trainer, client)
        assert trainer.promoted == promoted, gate


def test_without_a_deployment_the_version_names_none(here: World) -> None:
    trainer, client = WordTrainer(answers(100, wrong=4), keeps_deployment=False), None
    _evaluated(here, trainer)
    client = FakeRegistryClient()
    _register(here, trainer, client)
    assert "deployment_arn" not in client.packages[0]["CustomerMetadataProperties"]
    assert here.json("model.json")["deployment_arn"] is None


def test_a_promotion_that_fails_is_made_up_for_by_the_next_call(here: World) -> None:
    class Busy(WordTrainer):
        def promote(self, name: str, run_id: str, project: str) -> str | None:
            super().promote(name, run_id, project)
            if len(self.promoted) == 1:
                raise ThrottledError("Slow down.")
            return DEPLOYMENT

    trainer, client = Busy(answers(100, wrong=4)), FakeRegistryClient()
    _evaluated(here, trainer)
    with pytest.raises(ThrottledError):
        _register(here, trainer, client)
    _register(here, trainer, client)
    (package,) = client.packages
    assert package["CustomerMetadataProperties"]["deployment_arn"] == DEPLOYMENT


def test_a_promotion_that_comes_late_does_not_displace_a_newer_champion(here: World) -> None:
    class Busy(WordTrainer):
        def promote(self, name: str, run_id: str, project: str) -> str | None:
            super().promote(name, run_id, project)
            raise ThrottledError("Slow down.")

    trainer, client = Busy(answers(100, wrong=4)), FakeRegistryClient()
    _evaluated(here, trainer)
    with pytest.raises(ThrottledError):
        _register(here, trainer, client)
    # Another run of the project was faster with its next version.
    (own,) = client.packages
    client.add(
        own | {"ModelPackageDescription": "Thriftline run another:"}, NOW + timedelta(days=1)
    )
    assert _register(here, trainer, client) == own["ModelPackageArn"]
    assert trainer.promoted == [JOB]
