"""From totals to findings and the verdict."""

from collections.abc import Iterator

from thriftline.datasets.engine.comparing import Comparison, RowComparer, RowTally
from thriftline.datasets.engine.findings import CHECKS, CODES, TOLERATED, Check
from thriftline.datasets.engine.label_checks import check_names, label_list
from thriftline.datasets.engine.rules import Split
from thriftline.datasets.engine.spill import PARTS
from thriftline.datasets.engine.splitting import NAMES, POOL, RANKS, Shares
from thriftline.datasets.engine.totals import Location, Tally, Totals
from thriftline.datasets.report_document import Finding, Place, Verdict
from thriftline.datasets.shown import Masks

Splits = dict[Split, dict[str, int]]


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
    held_out = int(comparer.kept[1:].sum())
    if comparison.leaks.count <= held_out * rules.max_leakage_share:
        tolerated.add("split_leakage")
    return tolerated


def _add_row_tally(totals: Totals, code: str, tally: RowTally, scale: float) -> None:
    if not tally.count:
        return
    totals.tally(code, round(tally.count * scale), [totals.locate_row(p) for p in tally.places])
    if scale > 1:
        totals.tallies[code].detail = f"estimated from {tally.count:,} rows of the sample"


def check_labels(totals: Totals, masks: Masks) -> None:
    """Checks the labels of the data set as a whole."""
    rules = totals.plan.rules
    _check_label_types(totals)
    if totals.too_many_labels:
        _add(totals, "too_many_labels", 1, f"more than {rules.max_labels:,}")
        return
    if len(totals.labels) < 2 and totals.rows:
        names = ", ".join(masks.show(name) for name in totals.labels) or "none"
        _add(totals, "too_few_labels", 1, f"found: {names}")
    if len(totals.labels) >= 2:
        most, least = max(totals.labels.values()), min(totals.labels.values())
        if most > least * rules.imbalance_ratio:
            detail = f"the most frequent has {most:,} rows, the rarest {least:,}"
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


def check_splits(totals: Totals, comparer: RowComparer, shares: Shares, masks: Masks) -> None:
    """Checks that every label can be split, trained and evaluated, on the rows that are left."""
    if totals.too_many_labels or not totals.hashed_rows:
        return
    _check_files(totals)
    if comparer.is_exact:
        _check_vanished(totals, comparer, masks)
    pool = dict(zip(comparer.names, comparer.pool_texts(), strict=True))
    if not sum(pool.values()):
        if any(RANKS[file.split] == POOL for file in totals.plan.files):
            _add(totals, "empty_split", 1, "train")
        return
    _check_pool(totals, pool, masks)
    if comparer.is_exact and shares.parts > 1:
        rare = {name: n for name, n in pool.items() if 0 < n < shares.parts}
        detail = label_list(rare, masks) + f"; at least {shares.parts} are needed"
        _add(totals, "label_too_rare", len(rare), detail)
    _check_given(totals, comparer, pool, masks)
    _check_prepared(totals, comparer, shares)


def _check_files(totals: Totals) -> None:
    files = totals.plan.files
    if not any(RANKS[file.split] == POOL for file in files):
        _add(totals, "train_split_missing", 1, None)
    unnamed = [i for i, file in enumerate(files) if file.split is None]
    if unnamed and len(unnamed) < len(files):
        places = [Location(index, None) for index in unnamed]
        totals.tally("unassigned_file", len(unnamed), places)


def _check_given(totals: Totals, comparer: RowComparer, pool: dict[str, int], masks: Masks) -> None:
    """Compares the labels of the splits that files bring with those of the training rows."""
    for split, label_rows in given_splits(comparer):
        if split == "train" or not any(label_rows.values()):
            continue
        unknown = {name: n for name, n in label_rows.items() if n and not pool[name]}
        _add(totals, "label_not_in_train", len(unknown), label_list(unknown, masks))
        absent = {name: n for name, n in pool.items() if n and not label_rows[name]}
        detail = f"{split}: " + label_list(absent, masks)
        _add(totals, "label_missing_in_split", len(absent), detail)


def _check_vanished(totals: Totals, comparer: RowComparer, masks: Masks) -> None:
    """Labels that have rows, none of which is left to be trained or evaluated."""
    left = comparer.kept.sum(axis=(0, 1)).tolist()
    vanished = {
        name: totals.labels[name]
        for name, rows in zip(comparer.names, left, strict=True)
        if not rows
    }
    _add(totals, "label_vanishes", len(vanished), label_list(vanished, masks))


def _check_pool(totals: Totals, pool: dict[str, int], masks: Masks) -> None:
    """Two labels must be left to train on, whatever the files hold."""
    left = {name: n for name, n in pool.items() if n}
    if len(left) < 2 <= len(totals.labels):
        _add(totals, "too_few_labels", 1, f"left to train on: {label_list(left, masks)}")


def _check_prepared(totals: Totals, comparer: RowComparer, shares: Shares) -> None:
    """Training needs rows to validate on, and the gate needs rows to test on."""
    rows = {split: sum(n.values()) for split, n in prepared_splits(comparer, shares).items()}
    for split in ("validation", "test"):
        if not rows[split]:
            _add(totals, "empty_split", 1, split)
    least = totals.plan.rules.minimum_test_rows
    if 0 < rows["test"] < least:
        detail = f"{rows['test']:,} of at least {least:,} (gate.minimum_test_size)"
        _add(totals, "test_split_too_small", 1, detail)


def given_splits(comparer: RowComparer) -> Iterator[tuple[Split, dict[str, int]]]:
    """Rows of each label in each split as files bring them."""
    for rank, split in enumerate(NAMES):
        rows = comparer.kept[rank].sum(axis=0).tolist()
        yield split, dict(zip(comparer.names, rows, strict=True))


def _add(totals: Totals, code: str, count: int, detail: str | None) -> None:
    if not count:
        return
    totals.tally(code, count, [])
    tally = totals.tallies[code]
    tally.detail = detail if tally.detail is None else f"{tally.detail}; {detail}"


def prepared_splits(comparer: RowComparer, shares: Shares) -> Splits:
    """Rows of each label in each split as they are going to be prepared."""
    splits = dict(given_splits(comparer))
    train = splits["train"]
    for name, texts in train.items():
        test, validation = shares.sizes(texts)
        splits["test"][name] += test
        splits["validation"][name] += validation
        train[name] = texts - test - validation
    return splits


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
        mend=check.mend,
        places=places,
    )


def verdict_of(findings: list[Finding]) -> Verdict:
    """One error rejects."""
    if any(finding.severity == "error" for finding in findings):
        return "rejected"
    return "accepted_with_warnings" if findings else "accepted"
