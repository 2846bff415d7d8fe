"""Every page of the page, by an address that opens it with the sample's answers."""

from tests.browser import sample_names

ADDRESSES = {
    "runs": "#/runs",
    "run": f"#/runs/{sample_names.RUN}",
    "run that waits": f"#/runs/{sample_names.WAITING}",
    "run that trains": f"#/runs/{sample_names.TRAINING}",
    "approvals": "#/approvals",
    "projects": "#/models",
    "models": "#/models/reviews",
    "endpoints": "#/endpoints",
    "endpoint": f"#/endpoints/{sample_names.ENDPOINT}",
    "canary": "#/endpoints/thriftline-claims",
    "audits": "#/audits",
    "audit": f"#/audits/{sample_names.AUDIT}",
    "findings": "#/findings",
    "restores": "#/restores",
    "budget": "#/budget",
}
LISTS = ("runs", "approvals", "projects", "endpoints", "audits", "findings", "restores")
