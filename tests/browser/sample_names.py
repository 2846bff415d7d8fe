"""Names and times of the small stack that the page shows in its tests."""

from typing import Any

OPENED, ENDED = "2026-11-30T05:10:00Z", "2026-11-30T05:31:00Z"
RUN, WAITING, TRAINING = "reviews-0a1b2c3d", "reviews-77aa88bb", "claims-4e5f6a7b"
ENDPOINT = "thriftline-reviews"
AUDIT = "audit-20261130T0400"
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/reviews"
WHO = "arn:aws:sts::123456789012:assumed-role/Reviews/ada"
EXPERIMENT = "x-20261129-3f"
Answer = dict[str, Any]
