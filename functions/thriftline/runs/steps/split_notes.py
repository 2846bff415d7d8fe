"""What a run made of the files beside its ``run.yaml``, said among the findings."""

from thriftline.core.text import plain
from thriftline.datasets.report_document import DatasetReport, Finding, Place
from thriftline.runs.domain.uploads import is_named
from thriftline.runs.schemas.run import DatasetFile, Run

_MOST_PLACES = 20


def with_split_notes(report: DatasetReport, run: Run) -> DatasetReport:
    """Adds warnings of files that were taken for a split by their name, or left out."""
    dataset = run.spec.dataset
    patterns = {
        "train": dataset.train,
        "validation": dataset.validation,
        "test": dataset.test,
    }
    taken = [
        Place(file=plain(one.name), rule=f"it is used as the {one.split} split")
        for one in run.files
        if _is_by_another_name(one) and not is_named(one.name, patterns)
    ]
    left_out = [Place(file=plain(name)) for name in run.left_out]
    notes = [
        Finding(
            code=code,
            severity="warning",
            title=title,
            count=len(places),
            fix=fix,
            places=places[:_MOST_PLACES],
        )
        for code, title, fix, places in (
            (
                "split_by_name",
                "A file is used as a split because of its name",
                "Nothing to do if it is meant so; to say otherwise, name the files of each split "
                "under dataset in run.yaml.",
                taken,
            ),
            (
                "file_left_out",
                "A file beside run.yaml is in no split",
                "Name it under dataset in run.yaml if its rows are meant, or remove it.",
                left_out,
            ),
        )
        if places
    ]
    if not notes:
        return report
    update: dict[str, object] = {"findings": [*report.findings, *notes]}
    if report.verdict != "rejected":
        usable = report.summary.partition(" can be used")[0]
        count = len(report.findings) + len(notes)
        update["verdict"] = "accepted_with_warnings"
        update["summary"] = f"{usable} can be used; {count} warning{'s' * (count > 1)}."
    return report.model_copy(update=update)


def _is_by_another_name(file: DatasetFile) -> bool:
    """Whether a name such as ``val.csv`` or ``dev.csv`` stands for the split."""
    return file.split is not None and not file.name.lower().startswith(file.split)
