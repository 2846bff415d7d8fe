"""Raw data is uploaded before the run.yaml that prepares it, which starts the run."""

from pathlib import Path

import pytest

from thriftline_cli.runs.data_set import data_set


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("prepare:\n  engine: auto\n", ["raw.csv", "run.yaml"]),
        ('{\n"prepare": {}}', ["raw.csv", "run.yaml"]),
        ("# prepare: no\ntask: text-classification\n", ["run.yaml", "raw.csv"]),
        ("columns:\n  text: prepare\n", ["run.yaml", "raw.csv"]),
    ],
)
def test_run_yaml_comes_last_where_it_prepares(tmp_path: Path, text: str, names: list[str]) -> None:
    raw, spec = tmp_path / "raw.csv", tmp_path / "run.yaml"
    raw.write_text("a,b\n")
    spec.write_text(text)
    parts = data_set([raw], spec, None, None).parts
    assert [part.name for part in parts] == names
