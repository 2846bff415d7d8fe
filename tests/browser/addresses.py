"""Every page of the page, by an address that opens it with the sample's answers."""

from tests.browser import sample_answers as sample

ADDRESSES = {
    "runs": "#/runs",
    "run": f"#/runs/{sample.RUN}",
    "run that waits": f"#/runs/{sample.WAITING}",
    "run that trains": f"#/runs/{sample.TRAINING}",
    "approvals": "#/approvals",
    "projects": "#/models",
    "models": "#/models/reviews",
    "endpoints": "#/endpoints",
    "endpoint": f"#/endpoints/{sample.ENDPOINT}",
    "canary": "#/endpoints/thriftline-claims",
    "audits": "#/audits",
    "audit": f"#/audits/{sample.AUDIT}",
    "findings": "#/findings",
    "restores": "#/restores",
    "budget": "#/budget",
}
LISTS = ("runs", "approvals", "projects", "endpoints", "audits", "findings", "restores")
