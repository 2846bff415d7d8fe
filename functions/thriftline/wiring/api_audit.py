"""Puts together what the API's views of audits ask, each part when it is first asked for.

Imports stand in the functions: only the start of an audit loads the rules.
"""

from typing import TYPE_CHECKING

from thriftline.wiring.api_calls import artifacts, functions, machines
from thriftline.wiring.shared import now, settings

if TYPE_CHECKING:
    from thriftline.audit.steps.accept_finding import AcceptingSite
    from thriftline.audit.steps.ask_for_restore import RestoringSite
    from thriftline.audit.steps.list_audits import AuditsSite
    from thriftline.money.prices import PriceCatalogue

__all__ = ["artifacts", "now", "settings"]


def prices() -> "PriceCatalogue":
    """The rates of instances."""
    from thriftline.money.price_catalogue import price_catalogue

    return price_catalogue()


def audits_site() -> "AuditsSite":
    """Where audits are started, listed and read."""
    from thriftline.audit.steps.list_audits import AuditsSite

    return AuditsSite(machines(), settings().audit_machine_arn, artifacts())


def accepting_site() -> "AcceptingSite":
    """Where findings are accepted."""
    from thriftline.audit.aws.accepted_file import AcceptedFile
    from thriftline.audit.steps.accept_finding import AcceptingSite
    from thriftline.core.aws.clients import interactive_client

    return AcceptingSite(
        artifacts(), AcceptedFile(interactive_client("s3"), settings().artifacts_bucket)
    )


def restoring_site() -> "RestoringSite":
    """Where endpoints are brought back."""
    from thriftline.audit.steps.ask_for_restore import RestoringSite

    return RestoringSite(
        artifacts=artifacts(),
        functions=functions(),
        machines=machines(),
        function=settings().restore_function,
        machine_arn=settings().restore_machine_arn,
    )
