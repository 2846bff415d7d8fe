"""Single notebook instances."""

from typing import Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import translated
from thriftline.core.aws.missing import is_missing
from thriftline.core.aws.target_clients import TargetClients


def read_notebook(clients: TargetClients, name: str) -> dict[str, Any] | None:
    """Returns DescribeNotebookInstance's answer, None when there is no such notebook.

    Raises:
        ThriftlineError: SageMaker did not say.
    """
    with translated(f"describing the notebook {name}"):
        try:
            client = clients.client("sagemaker")
            return dict(client.describe_notebook_instance(NotebookInstanceName=name))
        except ClientError as error:
            # SageMaker's words for a notebook that is not there.
            if is_missing(error) or "RecordNotFound" in str(error):
                return None
            raise
