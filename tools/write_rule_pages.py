"""Writes a page for each rule of the audit, and their index, from the registry.

make docs
"""

from dataclasses import fields
from pathlib import Path

from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.rules.registry import RULES
from thriftline.audit.domain.rules.rule import Rule

PAGES = Path(__file__).parents[1] / "docs" / "audit_rules"

_INDEX = """\
# The rules of the audit

Each finding names its rule; each rule has a page. A rule looks only at what AWS said, names what it
could not see, and claims dollars only where a price and a measurement say so.

| rule | finds | severity | effort | Thriftline can |
| --- | --- | --- | --- | --- |
"""


def pages() -> dict[str, str]:
    """Returns every page by its file name."""
    return {rule.page: _page(rule) for rule in RULES} | {"README.md": _index()}


def _index() -> str:
    rows = "".join(
        f"| [`{rule.id}`]({rule.page}) | {rule.title} | {rule.severity.name.lower()} "
        f"| {rule.effort.name.lower()} | {f'`{rule.action}`' if rule.action else 'no'} |\n"
        for rule in RULES
    )
    return _INDEX + rows


def _page(rule: Rule) -> str:
    needs = ", ".join(sorted(rule.needs)) or "whatever was collected"
    whole = ", ".join(sorted(rule.needs_whole))
    acts = (
        f"Thriftline can do it by itself: `{rule.action}`, in mode `act`."
        if rule.action
        else "Thriftline only reports it."
    )
    parts = [
        f"# {rule.title}",
        f"`{rule.id}` · {rule.resource_type} · severity {rule.severity.name.lower()} · "
        f"effort {rule.effort.name.lower()}",
        f"**Why.** {rule.rationale}",
        f"**How it is found.** {rule.how}",
        f"**Evidence.** {rule.evidence}",
        f"**What to change.** {rule.change} {acts}",
        f"**Undo.** {rule.undo}",
        f"**Needs.** {needs}."
        + (f" Not evaluated unless all of these were read: {whole}." if whole else ""),
        _thresholds(rule),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _thresholds(rule: Rule) -> str:
    if not rule.thresholds:
        return ""
    defaults = {field.name: field.default for field in fields(AuditParameters)}
    rows = "\n".join(f"| `{name}` | `{defaults[name]}` |" for name in rule.thresholds)
    return f"| parameter | default |\n| --- | --- |\n{rows}"


def main() -> None:
    """Writes the pages, and removes those of rules that are no more."""
    PAGES.mkdir(parents=True, exist_ok=True)
    written = pages()
    for path in PAGES.glob("*.md"):
        if path.name not in written:
            path.unlink()
    for name, text in written.items():
        (PAGES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
