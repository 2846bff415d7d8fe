"""The words of one trainer stay in its folder: the rest of the runs could not tell which it is."""

import re
from pathlib import Path

import pytest

from thriftline.runs.trainers.registry import TRAINERS

RUNS = Path(__file__).parents[2] / "functions/thriftline/runs"
WORDS = re.compile(
    r"instance.?(type|count)|\bspot|spot_|checkpoint|billable|model\.tar|output\.tar"
    r"|max_?(runtime|wait)|training_?jobs?\b|volume_gib|ml\.[a-z0-9]+\.[a-z0-9]*xlarge",
    re.IGNORECASE,
)
# The names of errors are what the machine and every published result call them.
NAMES = re.compile(r"(Unknown|Unpriced)InstanceTypeError|(Unknown|Unpriced)InstanceError")
PUBLISHED = {
    # What people write and read: its keys stay what they are called.
    "schemas/training_section.py": "training is the section of SageMaker in run.yaml",
    "schemas/run_spec.py": "one instance for what needs one, a rule between its sections",
    "schemas/ladder_section.py": "training.ladder is a part of that section",
    "schemas/prepare_section.py": "prepare.spot is a key of run.yaml",
    "schemas/databricks_section.py": "prepare.databricks names node types and volumes of a cluster",
    "schemas/run_yaml.py": "names the rule of the key training.instance_type, and its default",
    "schemas/estimate.py": "a default of the stack's parameters, and usual cases by the hour",
    "steps/estimated_plan.py": "says which key takes a cheaper type than the one that is taken",
    "schemas/plan.py": "says what SageMaker's terms in plan.json are",
    "schemas/former_plan.py": "reads plan.json of version 1.0",
    "schemas/result.py": "result.json shows the plan and the attempts",
    "steps/settlement_result.py": "shows spot_saving of result.json beside the bill",
    "steps/run_costs.py": "fills the attempts and the cost of result.json",
    "steps/publish_result.py": "puts spot_saving of result.json into the message",
    "reports/message.py": "shows spot_saving of result.json",
    "steps/finished_run.py": "keeps where a run trained, out of the attempts of result.json",
    "domain/listed_runs.py": "lists of runs show what each trains on",
    "steps/listed_facts.py": "fills these columns out of plan and attempts",
    "domain/ceilings.py": "the stack's parameter AllowedInstanceTypes",
    "steps/stack_ceilings.py": "asks that limit for a quote of SageMaker",
    # Names that stand in published results and in buckets.
    "domain/endings.py": "two endings are out_of_run_time_with_checkpoint and without",
    "steps/preparation_attempts.py": "gives one of these two to a preparation that ran too long",
    "domain/layout.py": "the prefix checkpoints/ of the artifacts bucket",
}


def words_in(path: Path) -> set[str]:
    text = NAMES.sub("", path.read_text(encoding="utf-8"))
    return {found.group(0).lower() for found in WORDS.finditer(text)}


def modules() -> list[Path]:
    folders = {path.parent for path in (RUNS / "trainers").glob("*/__init__.py")}
    assert {RUNS / "trainers" / name for name in TRAINERS} <= folders
    # An engine of data preparation has words of its service too, in its own folder.
    folders |= {path.parent for path in (RUNS / "engines").glob("*/__init__.py")}
    return [path for path in sorted(RUNS.rglob("*.py")) if not folders & set(path.parents)]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(RUNS)))
def test_no_room_of_the_runs_speaks_of_what_one_trainer_trains_on(path: Path) -> None:
    name = str(path.relative_to(RUNS))
    if name not in PUBLISHED:
        assert words_in(path) == set(), f"{name}: these words belong into a trainer's folder"


def test_every_exception_is_still_one() -> None:
    assert [name for name in PUBLISHED if not words_in(RUNS / name)] == []


def test_the_words_are_found_where_they_belong() -> None:
    found = {word for path in (RUNS / "trainers/sagemaker").glob("*.py") for word in words_in(path)}
    assert {"instance_type", "spot", "checkpoint", "billable", "model.tar", "max_wait"} <= found


def test_no_step_imports_a_trainer_of_its_own() -> None:
    rooms = [
        path
        for room in ("steps", "domain", "schemas", "aws", "reports")
        for path in (RUNS / room).rglob("*.py")
    ]
    importing = [
        p.name for p in rooms if re.search(r"runs\.trainers\.(?!port|registry)", p.read_text())
    ]
    assert importing == []
