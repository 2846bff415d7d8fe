"""Runs Cloud Custodian with a metrics filter for endpoints, which its release does not have.

The filter is Custodian's own, put on the endpoint the way its documentation says: the policy gives
the variant's name, because a resource's dimension is one and cannot be looked up.
"""

import sys
from typing import Any

from c7n.cli import main
from c7n.filters.metrics import MetricsFilter
from c7n.resources.sagemaker import SagemakerEndpoint


class EndpointMetrics(MetricsFilter):  # type: ignore[misc]
    """One GetMetricStatistics for each endpoint."""

    def get_dimensions(self, resource: dict[str, Any]) -> list[dict[str, str]]:
        """Return what every endpoint has in common."""
        return [{"Name": "EndpointName", "Value": resource["EndpointName"]}]


if __name__ == "__main__":
    SagemakerEndpoint.filter_registry.register("metrics", EndpointMetrics)
    sys.exit(main())
