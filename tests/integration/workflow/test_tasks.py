"""Several labels a record, and a search: what run.yaml asks for goes through the whole machine."""

import json
from pathlib import Path

import jsonschema

from tests.integration.workflow.world import World

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schemas/result.schema.json").read_text())
TOPICS = ("billing", "delivery", "quality")


def mails(rows: int) -> str:
    """Return a CSV whose texts have a word for each of their labels, and some have none."""
    lines = ["text,label"]
    for number in range(rows):
        labels = [name for place, name in enumerate(TOPICS) if number >> place & 1]
        words = " ".join(f"{name}word" for name in labels)
        lines.append(f"mail number {number} is about {words} and more,{'|'.join(labels)}")
    return "\n".join(lines) + "\n"


def test_several_labels_a_record_are_trained_evaluated_and_gated(
    world: World, project: str
) -> None:
    spec = {"task": "multi-label-classification", "columns": {"label_separator": "|"}}
    world.upload(f"{project}/run.yaml", json.dumps(spec))
    ended = world.end_of(world.upload(f"{project}/mails.csv", mails(800)))

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    result = ended.result
    assert result is not None
    jsonschema.validate(result, SCHEMA)
    assert result["status"] == "succeeded", result["reason"]
    assert result["gate"]["metric"] == "micro_f1"
    assert "micro-F1" in result["reason"]
    assert result["metrics"]["micro_f1"] > 0.95
    assert result["metrics"]["confusion"] is None
    assert {one["label"] for one in result["metrics"]["per_class"]} == set(TOPICS)
    (job,) = world.jobs_of(result["run_id"])
    assert job["HyperParameters"]["multi_label"] == "true"
    assert "micro-F1" in world.message_about(result["run_id"])


def test_a_search_is_planned_run_and_reported(world: World, project: str) -> None:
    searched = {"learning_rate": [1e-5, 3e-5, 1e-4]}
    world.upload(f"{project}/run.yaml", json.dumps({"search": searched}))
    lines = [
        f"a {'fine' if n % 2 else 'poor'} film number {n} seen,{'good' if n % 2 else 'bad'}"
        for n in range(600)
    ]
    body = "text,label\n" + "\n".join(lines) + "\n"
    ended = world.end_of(world.upload(f"{project}/films.csv", body))

    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    result = ended.result
    assert result is not None
    jsonschema.validate(result, SCHEMA)
    assert json.loads(world.jobs_of(result["run_id"])[0]["HyperParameters"]["sweep"]) == searched
    plan = world.document(result["run_id"], "plan.json")
    assert plan is not None
    assert [rung["trials"] for rung in plan["search"]["rungs"]] == [3, 2, 1]
    # Three trials to a quarter, two to a half, one to its end: 1.75 times one training.
    assert plan["search"]["at_most_steps"] > plan["training"]["steps"]
    assert len(result["training"]["search"]["trials"]) == 3
    assert result["training"]["search"]["winner"] == 2
