"""What a finding is called where its id is no path: ids hold ``|`` and the names of resources."""

import hashlib

_LONG = 20


def finding_key(finding: str) -> str:
    """Returns letters and digits that stand for a finding's id, in every report the same."""
    return f"f-{hashlib.sha256(finding.encode()).hexdigest()[:_LONG]}"
