"""Serves a generated account to the benchmark of the cost audit, and counts its calls.

One line of JSON says where it listens; each line that is sent to it is answered with the calls
since the line before, by service and operation.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from local_aws.accounts.generator import Size, generate_account
from local_aws.server import EmbeddedAws, Options

# Where the audit's own documents lie, as in the stack.
_TEMPLATE = """
Resources: {Artifacts: {Type: AWS::S3::Bucket}}
Outputs: {ArtifactsBucketName: {Value: !Ref Artifacts}}
"""


def main() -> None:
    """Serve until the standard input ends."""
    logging.getLogger().setLevel(logging.ERROR)
    endpoints, jobs, buckets = map(int, sys.argv[1:4])
    # Custodian's windows end at the machine's own time, so that is the account's too.
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    size = Size(endpoints=endpoints, training_jobs=jobs, buckets=buckets)
    account = generate_account(size, now=now)
    with TemporaryDirectory() as folder:
        template = Path(folder) / "template.yaml"
        template.write_text(_TEMPLATE)
        options = Options(
            template=template,
            account=account.account_id,
            region=account.region,
            accounts=[account],
        )
        with EmbeddedAws(options) as aws:
            ready = {
                "endpoint": aws.endpoint,
                "account": account.account_id,
                "region": account.region,
                "now": now.isoformat(),
                "bucket": aws.outputs["ArtifactsBucketName"],
            }
            print(json.dumps(ready), flush=True)
            for _ in sys.stdin:
                calls = {" ".join(call): count for call, count in aws.calls.items()}
                aws.calls.clear()
                print(json.dumps(calls), flush=True)


if __name__ == "__main__":
    main()
