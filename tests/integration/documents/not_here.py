"""The documented commands that no test of this folder runs, and why; what does, where something is.

A command is the first entry whose words it begins with. An entry that no document needs any longer
is removed: a test says so.
"""

_GATE = "the gate itself, or what it takes minutes to set up"
NOT_HERE = {
    # Targets of make
    "make demo": "tests/integration/workflow/ and tests/unit/laptop/ run its parts",
    "make demo-serving": "minutes of real containers; tests/integration/serving/ runs its stories",
    "make demo-audit": "tests/integration/audit_workflow/test_demo.py runs it in a terminal",
    "make demo-preparation": "needs Spark; tests/spark/ runs its parts",
    "make demo-bedrock": "needs the small model; tests/integration/generative/ trains it",
    "make test": _GATE,
    "make test-browser": _GATE,
    "make setup-preparation": _GATE,
    "make setup-bedrock": _GATE,
    "make setup-sdk": _GATE,
    "make bench-bedrock": "a benchmark of minutes",
    "make bench-page": "a benchmark of minutes, in a browser",
    "make serve": "tests/integration/local_aws/test_command_line.py starts its program",
    "make ui": "tests/browser/ opens the page that it serves",
    "make prices": "asks AWS's Price List; tests/unit/cli/test_prices.py reads recorded lists",
    # Programs that serve or train until they are ended
    "thriftline local serve": "tests/integration/local_aws/test_command_line.py starts it",
    "thriftline local demo": "as make demo",
    "thriftline local serving": "as make demo-serving",
    "thriftline local bedrock": "as make demo-bedrock",
    "thriftline local preparation": "as make demo-preparation",
    "thriftline local audit": "as make demo-audit",
    "thriftline prepare": "needs Spark; tests/spark/test_prepare_command.py runs it",
    "thriftline prices refresh": "asks AWS's Price List; tests/unit/cli/test_prices.py",
    "thriftline deploy HostedPage=on": "a deployment by SAM: tests/unit/cli/test_deploy.py",
    "thriftline deploy HostedPage=off": "the same",
    "thriftline page": "no CloudFront and no Cognito here: tests/unit/cli/test_page.py",
    "thriftline ui": "serves until Ctrl-C; test_run_commands.py opens its page",
    "python -m local_aws serve": "tests/integration/local_aws/test_command_line.py starts it",
    "python training_image/train": "tests/training/test_training_readme.py runs the page's example",
    "python training_image/serve": "tests/training/test_serving.py asks it",
    "python prepare.py": "needs Spark; tests/preparation/ runs the bundled program",
    # The shell's own, and programs of others
    "export": "the shell's own",
    "cd": "the shell's own",
    "echo": "the shell's own",
    "sed": "tests/integration/documents/test_run_commands.py runs the line",
    "cut": "tests/integration/documents/test_run_commands.py runs the line",
    "printf": "tests/containers/ makes the same image",
    "curl": "tests/training/test_serving.py sends this body to this route",
    "docker": "tests/containers/ builds and runs the image where an engine is",
    "pip install": "tests/unit/cli/test_command_line.py names the package; make setup installs it",
    "jupyter": "tests/sdk/test_notebook.py executes the notebook",
    "sam": "tests/containers/test_sam_local.py builds and invokes; a deployment needs an account",
    "terraform": "tests/contract/test_terraform.py reads what it applies; no provider is at hand",
    "aws ecr": "tests/integration/documents/test_run_commands.py runs the block",
    "aws cloudformation describe-stacks": "the same block, in the same test",
    "aws cloudformation deploy": "the CLI's own; tests/contract/ reads its template",
    "aws ce update-cost-allocation-tags-status": "the embedded AWS keeps no status of such tags",
    "aws cloudformation create-stack-set": "the embedded AWS has no organisation's stack sets",
    "aws cloudformation create-stack-instances": "the same",
}
