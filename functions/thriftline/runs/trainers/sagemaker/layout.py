"""Where SageMaker leaves what a job writes."""

from thriftline.runs.domain.layout import output_prefix

MODEL, OUTPUT = "model.tar.gz", "output.tar.gz"


def job_output_prefix(run_id: str, job_name: str) -> str:
    """Returns where ``model.tar.gz`` and ``output.tar.gz`` of one job lie.

    The run's prefix is the job's ``S3OutputPath``; SageMaker adds the rest.
    """
    return f"{output_prefix(run_id)}{job_name}/output/"
