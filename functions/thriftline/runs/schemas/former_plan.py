"""Reads ``plan.json`` of version 1.0, which had one instance type, as a plan of one rung."""

from typing import Any

_TERMS = ("instance_type", "instance_count", "spot", "volume_gib", "max_runtime_seconds")


def upgraded(document: Any) -> Any:
    """Returns a document of version 1.0 in the form of 2.0, and any other as it is."""
    if not isinstance(document, dict) or "rungs" in document or "instance_type" not in document:
        return document
    kept = {
        name: document[name]
        for name in (
            "run_id",
            "planned_at",
            "region",
            "base_model",
            "splits",
            "cap_usd",
            "stop_grace_usd",
            "expected_usd",
            "expected_hours",
            "expected_reason",
            "max_attempts",
        )
    }
    return {
        **kept,
        "schema_version": "2.0",
        "trainer": "sagemaker",
        "training": document.get("training"),
        "allowance_usd": document["worst_case_usd"],
        "warnings": document.get("warnings", ()),
        "champion": document.get("champion"),
        "rungs": [_rung(document)],
        "quotes": [_quote(candidate) for candidate in document.get("candidates", ())],
    }


def _rung(document: dict[str, Any]) -> dict[str, Any]:
    market = "Spot" if document["spot"] else "on demand"
    return {
        "name": f"{document['instance_count']} x {document['instance_type']}, {market}",
        "rate": document["rate"],
        "worst_case_usd": document["worst_case_usd"],
        "stop_grace_usd": document["stop_grace_usd"],
        "terms": {
            **{name: document[name] for name in _TERMS},
            "max_wait_seconds": document.get("max_wait_seconds"),
            "storage": document["storage"],
        },
    }


def _quote(candidate: dict[str, Any]) -> dict[str, Any]:
    return {
        "trainer": "sagemaker",
        "name": candidate["instance_type"],
        "rate_usd": candidate["rate_usd_per_hour"],
        "rate_unit": "instance-hour",
        "worst_case_usd": candidate["worst_case_usd"],
        "expected_hours": candidate["expected_hours"],
        "expected_usd": candidate["expected_usd"],
        "within_cap": candidate["within_cap"],
        "details": {"gpu": candidate["gpu"], "gpu_count": candidate.get("gpu_count")},
    }
