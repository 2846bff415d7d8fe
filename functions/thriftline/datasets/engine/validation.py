"""Validates a data set: in one pass, or range by range with a merge that says the same."""

from pathlib import Path
from tempfile import TemporaryDirectory

from thriftline.core.dataclass import dataclass
from thriftline.datasets.engine.comparing import RowComparer
from thriftline.datasets.engine.planning import plan_single_pass
from thriftline.datasets.engine.profiling import RangeResult, profile_range
from thriftline.datasets.engine.reading import OpenSource
from thriftline.datasets.engine.reporting import build_report
from thriftline.datasets.engine.rules import DataFile, DatasetRules, WorkLimits
from thriftline.datasets.engine.scratch import (
    PLAN,
    SPLITS,
    LocalScratch,
    Scratch,
    partial_name,
    read_json,
    write_json,
)
from thriftline.datasets.engine.splitting import shares_of
from thriftline.datasets.engine.totals import Totals
from thriftline.datasets.engine.verdict import (
    check_labels,
    check_rows,
    check_splits,
    findings_of,
)
from thriftline.datasets.engine.work import WorkPlan
from thriftline.datasets.report_document import DatasetReport
from thriftline.datasets.shown import Masks


@dataclass(frozen=True, slots=True)
class WorkContext:
    """Where work is done: how files are opened, the limits, and what is kept between steps."""

    open_source: OpenSource
    limits: WorkLimits
    scratch: Scratch


def validate_in_one_pass(plan: WorkPlan, shop: WorkContext) -> DatasetReport:
    """Reads everything here; only what Prepare split needs goes to scratch."""
    with TemporaryDirectory() as folder:
        local = WorkContext(shop.open_source, shop.limits, LocalScratch(Path(folder)))
        for index in range(len(plan.ranges)):
            profile_range(plan, index, shop.open_source, shop.limits, local.scratch, Path(folder))
        return merge_ranges(plan, local, shop.scratch)


def validate_group(plan: WorkPlan, group: int, shop: WorkContext) -> None:
    """Reads the ranges of one group; their results go to scratch."""
    with TemporaryDirectory() as folder:
        for index in plan.group(group):
            profile_range(plan, index, shop.open_source, shop.limits, shop.scratch, Path(folder))


def merge_ranges(plan: WorkPlan, shop: WorkContext, kept: Scratch) -> DatasetReport:
    """Adds up the results of all ranges; ``kept`` gets what Prepare split needs."""
    totals = Totals(plan)
    for index in range(len(plan.ranges)):
        totals.add(RangeResult(read_json(shop.scratch, partial_name(index))))
    totals.finish_files()
    shares = shares_of(plan.rules, {file.split for file in plan.files})
    masks = Masks()
    with TemporaryDirectory() as folder:
        comparer = RowComparer(totals, shop.scratch, shop.limits, Path(folder), shares)
        comparison = comparer.compare()
        tolerated = check_rows(totals, comparer, comparison)
        check_labels(totals, masks)
        check_splits(totals, comparer, masks)
        findings = findings_of(totals, tolerated, masks)
        report = build_report(totals, comparer, comparison, findings, masks)
        if report.verdict != "rejected":
            write_json(kept, PLAN, plan.to_json())
            splits = {
                "cutoffs": comparer.cutoffs.to_json(),
                "drops": {
                    str(index): [found.count, found.last_line]
                    for index, found in comparer.upload_drops(kept).items()
                },
                "first_lines": totals.first_lines,
            }
            write_json(kept, SPLITS, splits)
    return report


def validate_files(files: list[DataFile], rules: DatasetRules, shop: WorkContext) -> DatasetReport:
    """Validates a data set of any size in one pass."""
    return validate_in_one_pass(plan_single_pass(files, rules), shop)
