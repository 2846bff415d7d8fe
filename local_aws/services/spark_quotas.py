"""The quotas of EMR Serverless and of processing jobs, by their names in Service Quotas."""

SERVICE = "emr-serverless"
VCPUS = "Max concurrent vCPUs per account"
VCPUS_CODE = "L-D05C8A75"
_NEW_ACCOUNT = 16


def defaults() -> dict[str, int]:
    """Return EMR Serverless's quotas with the value that an account begins with."""
    return {VCPUS: _NEW_ACCOUNT}


def processing_quota(instance_type: str) -> str:
    """Return the name of the quota of a type for processing jobs."""
    return f"{instance_type} for processing job usage"
