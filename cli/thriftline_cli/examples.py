"""One line for each command, as somebody types it: help and docs/cli.md show it, a test runs it."""

import re

PROGRAM = "thriftline"
_RUN = "reviews-0123456789abcdef"
# By the command without the program's name.
EXAMPLES = {
    "approvals list": "approvals list",
    "approvals approve": f"approvals approve {_RUN}",
    "approvals reject": f"approvals reject {_RUN}",
    "audit run": "audit run --mode report --wait",
    "audit list": "audit list --limit 5",
    "audit report": "audit report",
    "audit findings": "audit findings --severity high",
    "audit accept": (
        "audit accept 'FINDING ID' --reason 'kept warm for the launch' --until 2027-03-31"
    ),
    "budget": "budget",
    "completion": "completion bash",
    "deploy": "deploy --check AuditMode=report",
    "endpoints deploy": "endpoints deploy reviews --wait",
    "endpoints rollback": "endpoints rollback reviews --dry-run",
    "endpoints abort": "endpoints abort reviews --why 'wrong version'",
    "endpoints compare": "endpoints compare reviews start --version 3 --kind shadow",
    "endpoints schedule": (
        "endpoints schedule reviews set --on 'cron(0 8 ? * MON-FRI *)' "
        "--off 'cron(0 19 ? * MON-FRI *)' --timezone Europe/Berlin"
    ),
    "endpoints ask": "endpoints ask reviews 'A warm film.' 'Dull.'",
    "endpoints get": "endpoints get thriftline-reviews",
    "endpoints list": "endpoints list reviews",
    "estimate": "estimate my.csv",
    "ledger": "ledger --project reviews --since 2026-11-01 --csv ledger.csv",
    "local serve": "local serve --port 4566 --time-scale 30",
    "local demo": "local demo",
    "local serving": "local serving",
    "local bedrock": "local bedrock",
    "local preparation": "local preparation",
    "local audit": "local audit --mode act",
    "models list": "models list reviews",
    "models approve": "models approve reviews 3 --why 'reads well'",
    "models reject": "models reject reviews 3 --why 'too slow'",
    "page publish": "page publish",
    "page withdraw": "page withdraw",
    "page invite": "page invite ann@example.com --operate",
    "page remove": "page remove ann@example.com",
    "page people": "page people",
    "prepare": "prepare run.yaml --data raw/ --into prepared/",
    "prices show": "prices show ml.g5.xlarge --component Hosting",
    "prices refresh": "prices refresh --dry-run",
    "restore": "restore NAME --dry-run",
    "runs submit": "runs submit my.csv --project reviews --wait",
    "runs list": "runs list --project reviews --status succeeded",
    "runs get": f"runs get {_RUN} --save out --model ml/model",
    "runs watch": f"runs watch {_RUN}",
    "runs stop": f"runs stop {_RUN} --why 'wrong file' --wait",
    "transform": (
        "transform reviews s3://BUCKET/transform/texts/ s3://BUCKET/transform/answers/ --yes"
    ),
    "ui": "ui --no-browser --port 4567",
    "verify": "verify --live",
}


_WORDS = re.compile(r"'[^']*'|\S+")


def example_of(program: str, width: int) -> str:
    """Returns the example of a command that is called such as ``thriftline runs list``.

    Where it is wider than ``width``, it goes on in further lines as a shell reads them.
    """
    lines = [PROGRAM]
    for word in _WORDS.findall(EXAMPLES[program.removeprefix(f"{PROGRAM} ")]):
        if len(lines[-1]) + len(word) + 3 > width:
            lines[-1] += " \\"
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}"
    return "\n".join(lines)
