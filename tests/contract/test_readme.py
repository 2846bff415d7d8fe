"""What the README shows against what is there."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from thriftline.runs.schemas.run_spec import RunSpec

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_readme_shows_every_key_of_run_yaml_with_its_default() -> None:
    block = re.search(r"```yaml\n(task: .*?)```", README, flags=re.DOTALL)
    assert block
    shown: Any = YAML(typ="safe").load(block.group(1))
    expected = json.loads(RunSpec().model_dump_json())
    expected["budget"]["max_usd"] = float(expected["budget"]["max_usd"])
    assert shown == expected


def test_the_readme_lists_the_templates_parameters_with_their_defaults(
    template: dict[str, Any],
) -> None:
    rows = dict(re.findall(r"^\| `([A-Z]\w+)` \| (`.+?`|none) \|", README, flags=re.MULTILINE))
    expected = {
        name: f"`{parameter['Default']}`" if parameter["Default"] != "" else "none"
        for name, parameter in template["Parameters"].items()
    }
    assert rows == expected


def test_the_readme_names_the_stacks_outputs(template: dict[str, Any]) -> None:
    assert [name for name in template["Outputs"] if f"`{name}`" not in README] == []


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"\bmake ([a-z][a-z-]+)\b", README)) - {"sure"}
    assert [name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_links_to_files_lead_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    broken = [
        (document.name, link)
        for document in documents
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text())
        if not (document.parent / link).exists()
    ]
    assert broken == []


def test_the_pictures_are_there_and_small() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\((.+?)\)", README)

    assert pictures == ["docs/images/audit_report.png", "docs/images/page.png"]
    assert all((ROOT / one).stat().st_size < 300_000 for one in pictures)


def test_the_prices_of_endpoints_are_those_of_the_catalogue() -> None:
    catalogue = json.loads((ROOT / "functions/thriftline/data/prices.json").read_text())
    hosting = catalogue["instance_hours"]["Hosting"][0]["usd"]["us-east-1"]
    said = re.findall(
        r"`(ml\.\w+\.\w+)` (?:is )?(\d\.\d+)(?: USD an hour,)?(?: and)? ([\d,]+)",
        " ".join(README.split()),
    )

    assert len(said) == 3
    for instance, hour, month in said:
        assert Decimal(hosting[instance]) == Decimal(hour)
        assert round(Decimal(hour) * 730) == int(month.replace(",", ""))


def test_that_nothing_ran_in_a_live_account_stands_in_the_first_screen() -> None:
    first = " ".join(" ".join(README.splitlines()[:20]).split())

    assert "Nothing here has run in a live AWS account yet" in first
