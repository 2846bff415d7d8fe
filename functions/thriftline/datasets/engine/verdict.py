"""From totals to findings and the verdict."""

from thriftline.core.wording import counted
from thriftline.datasets.engine.comparing import Comparison, RowComparer, RowTally
from thriftline.datasets.engine.duplicates import Ints
from thriftline.datasets.engine.findings import CHECKS, CODES, TOLERATED, Check
from thriftline.datasets.engine.label_checks import check_names, label_list
from thriftline.datasets.engine.label_sets import rows_by_label
from thriftline.datasets.engine.spill import PARTS
from thriftline.datasets.engine.splitting import POOL, RANKS
from thriftline.datasets.engine.totals import Location, Tally, Totals
from thriftline.datasets.names import columns_found
from thriftline.datasets.report_document import Finding, Place, Verdict
from thriftline.datasets.shown import Masks


def check_rows(totals: Totals, comparer: RowComparer, comparison: Comparison) -> set[str]:
    """Adds what comparing rows has shown; returns the codes that are tolerable."""
    rules = totals.plan.rules
    scale = PARTS / comparison.parts
    tolerated = set()
    for code, tally in (
        ("exact_duplicate", comparison.duplicates),
        ("conflicting_labels", comparison.conflicts),
        ("split_leakage", comparison.leaks),
    ):
        _add_row_tally(totals, code, tally, scale)
    if comparison.conflicts.count <= comparison.rows * rules.max_conflict_share:
        tolerated.add("conflicting_labels")
    held_out = int(comparer.class_rows[1:].sum())
    if comparison.leaks.count <= held_out * rules.max_leakage_share:
        tolerated.add("split_leakage")
    return tolerated


def _add_row_tally(totals: Totals, code: str, tally: RowTally, scale: float) -> None:
    if not tally.count:
        return
    totals.tally(code, round(tally.count * scale), [totals.locate_row(p) for p in tally.places])
    if scale > 1:
        totals.tallies[code].detail = f"estimated from {counted(tally.count, 'row')} of the sample"


def check_labels(totals: Totals, masks: Masks) -> None:
    """Checks the labels of the data set as a whole."""
    rules = totals.plan.rules
    missing = totals.tallies.get("missing_column")
    if missing is not None and missing.places and missing.places[0].rule is None:
        missing.detail = columns_found(list(totals.columns), rules)
    if missing is not None and not totals.labels:
        return  # there are none because their column was not found
    _check_label_types(totals)
    if totals.too_many_labels:
        code = "too_many_label_sets" if rules.multi_label else "too_many_labels"
        _add(totals, code, 1, f"more than {rules.max_classes:,}")
        return
    if len(totals.labels) > rules.max_labels:
        _add(totals, "too_many_labels", 1, f"more than {rules.max_labels:,}")
    if len(totals.labels) < 2 and totals.rows:
        names = ", ".join(masks.show(name) for name in totals.labels) or "none"
        _add(totals, "too_few_labels", 1, f"found: {names}")
    if len(totals.labels) >= 2:
        most, least = max(totals.labels.values()), min(totals.labels.values())
        if most > least * rules.imbalance_ratio:
            detail = f"the most frequent has {counted(most, 'row')}, the rarest {least:,}"
            _add(totals, "label_imbalance", 1, detail)
    check_names(totals, masks)


def _check_label_types(totals: Totals) -> None:
    kinds = totals.label_types
    if len(kinds) < 2:
        return
    usual = max(kinds, key=lambda kind: (kinds[kind].count, kind))
    places: list[Location] = []
    for kind, tally in kinds.items():
        if kind != usual:
            field = totals.plan.rules.label_column
            rule = f"{_article(kind)} {kind} where most are of type {usual}"
            places += [Location(p.file, p.line, None, field, rule) for p in tally.places]
    places.sort(key=lambda place: (place.file, place.line or 0))
    count = sum(tally.count for kind, tally in kinds.items() if kind != usual)
    totals.tally("mixed_label_types", count, places)


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def check_splits(totals: Totals, comparer: RowComparer, masks: Masks) -> None:
    """Checks that every label can be split, trained and evaluated, on the rows that are left."""
    if totals.too_many_labels or not totals.hashed_rows:
        return
    _check_files(totals)
    if comparer.is_exact:
        _check_vanished(totals, comparer, masks)
    pool = by_label(totals, comparer, comparer.class_rows[POOL])
    if not comparer.class_rows[POOL].sum():
        if any(RANKS[file.split] == POOL for file in totals.plan.files):
            _add(totals, "empty_split", 1, "train")
        return
    _check_pool(totals, pool, masks)
    shares = comparer.shares
    if comparer.is_exact and shares.parts > 1:
        rare = {name: n for name, n in pool.items() if 0 < n < shares.parts}
        detail = label_list(rare, masks) + f"; at least {shares.parts} are needed"
        _add(totals, "label_too_rare", len(rare), detail)
    for rank, split in ((1, "validation"), (2, "test")):
        given = by_label(totals, comparer, comparer.class_rows[rank])
        _check_given(totals, split, given, pool, masks)
    _check_prepared(totals, comparer, masks)


def _check_files(totals: Totals) -> None:
    files = totals.plan.files
    if not any(RANKS[file.split] == POOL for file in files):
        _add(totals, "train_split_missing", 1, None)
    unnamed = [i for i, file in enumerate(files) if file.split is None]
    if unnamed and len(unnamed) < len(files):
        places = [Location(index, None) for index in unnamed]
        totals.tally("unassigned_file", len(unnamed), places)


def _check_given(
    totals: Totals, split: str, given: dict[str, int], pool: dict[str, int], masks: Masks
) -> None:
    """Compares the labels of a split that files bring with those of the training rows."""
    if not any(given.values()):
        return
    unknown = {name: n for name, n in given.items() if n and not pool[name]}
    _add(totals, "label_not_in_train", len(unknown), label_list(unknown, masks))
    absent = {name: n for name, n in pool.items() if n and not given[name]}
    detail = f"{split}: " + label_list(absent, masks)
    _add(totals, "label_missing_in_split", len(absent), detail)


def _check_vanished(totals: Totals, comparer: RowComparer, masks: Masks) -> None:
    """Labels that have rows, none of which is left to be trained or evaluated."""
    left = by_label(totals, comparer, comparer.class_rows.sum(axis=0))
    vanished = {name: totals.labels[name] for name, rows in left.items() if not rows}
    _add(totals, "label_vanishes", len(vanished), label_list(vanished, masks))


def _check_pool(totals: Totals, pool: dict[str, int], masks: Masks) -> None:
    """Two labels must be left to train on, whatever the files hold."""
    left = {name: n for name, n in pool.items() if n}
    if len(left) < 2 <= len(totals.labels):
        _add(totals, "too_few_labels", 1, f"left to train on: {label_list(left, masks)}")


def _check_prepared(totals: Totals, comparer: RowComparer, masks: Masks) -> None:
    """Training needs rows to validate on, and the gate needs rows to test on."""
    rows = comparer.prepared.sum(axis=1).tolist()
    for rank, split in ((1, "validation"), (2, "test")):
        if not rows[rank]:
            _add(totals, "empty_split", 1, split)
    least = totals.plan.rules.minimum_test_rows
    if 0 < rows[2] < least:
        detail = f"{rows[2]:,} of at least {least:,} (gate.minimum_test_size)"
        _add(totals, "test_split_too_small", 1, detail)
    if totals.plan.rules.multi_label:
        _check_trained(totals, comparer, masks)


def _check_trained(totals: Totals, comparer: RowComparer, masks: Masks) -> None:
    """Rows with several labels are cut together: each label must still be trained."""
    trained = by_label(totals, comparer, comparer.prepared[0])
    pool = by_label(totals, comparer, comparer.class_rows[0])
    lost = {name: n for name, n in pool.items() if n and not trained[name]}
    _add(totals, "label_not_in_train", len(lost), "once split: " + label_list(lost, masks))


def by_label(totals: Totals, comparer: RowComparer, rows: Ints) -> dict[str, int]:
    """Rows of each label, from the rows of each class."""
    by_class = dict(zip(comparer.names, rows.tolist(), strict=False))
    return rows_by_label(by_class) if totals.plan.rules.multi_label else by_class


def _add(totals: Totals, code: str, count: int, detail: str | None) -> None:
    if not count:
        return
    totals.tally(code, count, [])
    tally = totals.tallies[code]
    tally.detail = detail if tally.detail is None else f"{tally.detail}; {detail}"


def findings_of(totals: Totals, tolerated: set[str], masks: Masks) -> list[Finding]:
    """Errors first, then warnings; in the order of the checks."""
    found = []
    for code in CODES:
        tally = totals.tallies.get(code)
        if tally is not None:
            check = TOLERATED[code] if code in tolerated else CHECKS[code]
            found.append(_finding(check, tally, totals, masks))
    return sorted(found, key=lambda finding: finding.severity)


def _finding(check: Check, tally: Tally, totals: Totals, masks: Masks) -> Finding:
    places = [
        Place(
            file=totals.plan.files[place.file].name,
            line=place.line,
            column=place.column,
            field=None if place.field is None else masks.show_column(place.field),
            rule=place.rule,
        )
        for place in tally.places
    ]
    return Finding(
        code=check.code,
        severity=check.severity,
        title=check.title,
        count=tally.count,
        detail=tally.detail,
        fix=check.fix,
        places=places,
    )


def verdict_of(findings: list[Finding]) -> Verdict:
    """One error rejects."""
    if any(finding.severity == "error" for finding in findings):
        return "rejected"
    return "accepted_with_warnings" if findings else "accepted"
