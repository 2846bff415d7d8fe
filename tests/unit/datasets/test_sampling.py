"""Beyond the exact number of rows, texts are compared by the first bits of their hashes."""

from tests.unit.datasets.data_sets import finding, jsonl, rows, validate, validate_in_ranges
from thriftline.datasets.engine.spill import PARTS, sampled_parts


def test_up_to_the_limit_every_row_is_compared() -> None:
    assert sampled_parts(50_000_000, 50_000_000) == PARTS
    assert sampled_parts(50_000_001, 50_000_000) == PARTS // 2
    assert sampled_parts(500_000_000, 50_000_000) == PARTS // 16


def test_a_sample_says_so_and_estimates() -> None:
    records = rows(4000)
    files = {"a.jsonl": jsonl(records + records)}

    report = validate(files, exact_rows=2500)

    assert not report.sampling.exact
    assert report.sampling.share == 0.25
    assert "1/4 of all hashes" in report.sampling.statement
    assert abs(finding(report, "exact_duplicate").count - 4000) < 400
    assert "rows of the sample" in str(finding(report, "exact_duplicate").detail)
    assert abs(sum(report.splits.values()) - 4000) < 400


def test_the_sample_is_the_same_whatever_the_ranges_are() -> None:
    records = rows(600)
    files = {"a.jsonl": jsonl(records + records[:200])}

    for exact_rows in (300, 20):
        merged, plan = validate_in_ranges(files, 3000, exact_rows=exact_rows)

        assert len(plan.ranges) > 5
        assert not merged.sampling.exact
        assert merged == validate(files, exact_rows=exact_rows)
