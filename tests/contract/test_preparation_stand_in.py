"""The stand-in of the embedded AWS reads what the functions write, and writes what they read."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from local_aws.preparation.stand_in import main
from thriftline.runs.domain.prepared_config import preparation_config
from thriftline.runs.schemas.prepare_section import PrepareSection
from thriftline.runs.schemas.prepared_manifest import PreparedManifest

RAW = "review,stars\n" + "".join(f"film {row},{row % 2}\n" for row in range(200)) + "film 1,1\n,1\n"


def run(folder: Path, **prepare: Any) -> int:
    section = PrepareSection.model_validate(
        {"columns": {"text": "review", "label": "stars"}, **prepare}
    )
    (folder / "bucket" / "raw").mkdir(parents=True, exist_ok=True)
    (folder / "bucket" / "raw" / "a.csv").write_text(RAW)
    config = preparation_config(
        section.model_dump(mode="json"),
        run_id="r",
        sources=["s3://bucket/raw/"],
        output="s3://bucket/out/",
        seed=7,
    )
    (folder / "bucket" / "config.json").write_text(json.dumps(config))
    return main(["--config", "s3://bucket/config.json", "--s3-root", str(folder)])


def test_the_functions_read_what_it_writes(tmp_path: Path) -> None:
    assert run(tmp_path, labels={"0": "bad", "1": "good"}, unmapped_labels="refuse") == 0

    output = tmp_path / "bucket" / "out"
    manifest = PreparedManifest.model_validate_json((output / "manifest.json").read_text())
    assert {file.split for file in manifest.files} == {"train", "validation", "test"}
    assert sum(file.rows for file in manifest.files) == 200
    for file in manifest.files:
        table = pyarrow.parquet.read_table(output / file.path)
        assert (table.num_rows, (output / file.path).stat().st_size) == (file.rows, file.bytes)
        assert table.column_names == ["text", "label"]
    document = json.loads((output / "preparation.json").read_text())
    assert (document["rows_read"], document["rows_written"]) == (202, 200)


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        ({"labels": {"0": "bad"}, "unmapped_labels": "refuse"}, "unmapped_labels"),
        ({"labels": {"x": "y"}, "unmapped_labels": "drop"}, "empty"),
        ({"columns": {"text": "words", "label": "stars"}}, "columns"),
    ],
)
def test_the_users_faults_end_as_the_programs_do(
    tmp_path: Path, prepare: dict[str, Any], code: str
) -> None:
    assert run(tmp_path, **prepare) == 2

    output = tmp_path / "bucket" / "out"
    assert json.loads((output / "error.json").read_text())["code"] == code
    assert not (output / "manifest.json").exists()
