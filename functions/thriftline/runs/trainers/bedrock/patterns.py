"""The rules of Bedrock's requests that the SDK does not check: patterns, and what a value is.

botocore checks types and lengths alone, so that a name with an underscore is refused by the
service, after the data was uploaded. ``check`` is asked before anything is. The patterns are those
of the service model of botocore 1.44.8, and a test holds them equal; two are written so that they
take linear time, which the service's own do not.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError

_MODEL_ID = r"[a-z0-9-]{1,63}[.]{1}[a-z0-9-]{1,63}([.]?[a-z0-9-]{1,63})([:][a-z0-9-]{1,63}){0,2}"
_SIMPLE_NAME = r"([0-9a-zA-Z][_-]?)+"


@dataclass(frozen=True)
class Rule:
    """What a text of a request must be; ``words`` say it to a person."""

    pattern: str
    least: int
    most: int
    words: str

    def allows(self, text: str) -> bool:
        """Whether the service takes the text."""
        # The length goes first: no pattern is then asked about a long text.
        if not self.least <= len(text) <= self.most:
            return False
        return re.fullmatch(self.pattern, text, re.ASCII) is not None


JOB_NAME = Rule(
    # The service writes [a-zA-Z0-9](-*[a-zA-Z0-9\+\-\.])*, the same in exponential time.
    r"[a-zA-Z0-9][a-zA-Z0-9+\-.]*",
    1,
    63,
    "1 to 63 letters, digits and the characters + - . (no underscore), a letter or digit first",
)
MODEL_NAME = Rule(
    r"([0-9a-zA-Z][_-]?){1,63}",
    1,
    63,
    "1 to 63 letters and digits, with single _ or - between them (no dot, no two in a row)",
)
PROVISIONED_NAME = Rule(_SIMPLE_NAME, 1, 63, MODEL_NAME.words)
EVALUATION_JOB_NAME = Rule(
    r"[a-z0-9](-*[a-z0-9]){0,62}", 1, 63, "1 to 63 small letters, digits and inner hyphens"
)
TOKEN = Rule(
    r"[a-zA-Z0-9]([-a-zA-Z0-9]{0,254}[a-zA-Z0-9])?",
    1,
    256,
    "1 to 256 letters, digits and inner hyphens (no underscore)",
)
S3_URI = Rule(
    r"s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](?:/[-!_*'().a-z0-9A-Z]+(?:/[-!_*'().a-z0-9A-Z]+)*)?/?",
    1,
    1024,
    "an S3 URI of letters, digits and the characters - ! _ * ' ( ) . / (no = + @ : or space, and "
    "no // in its key)",
)
ROLE_ARN = Rule(r"arn:aws(-[^:]+)?:iam::([0-9]{12})?:role/.+", 0, 2048, "the ARN of an IAM role")
KMS_KEY = Rule(
    r"(arn:aws(-[^:]+)?:kms:[a-zA-Z0-9-]*:[0-9]{12}:((key/[a-zA-Z0-9-]{36})|(alias/[a-zA-Z0-9-_/]+)"
    r"))|([a-zA-Z0-9-]{36})|(alias/[a-zA-Z0-9-_/]+)",
    1,
    2048,
    "the id, the ARN or the alias/ of a KMS key",
)
BASE_MODEL = Rule(
    r"(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:(([0-9]{12}:custom-model/([a-z0-9-]{1,63}[.]{1}"
    r"[a-z0-9-]{1,63}([.]?[a-z0-9-]{1,63})([:][a-z0-9-]{1,63}){0,2})/[a-z0-9]{12})|"
    rf"(:foundation-model/[a-z0-9-]{{1,63}}[.]{{1}}[a-z0-9-]{{1,63}}([:][a-z0-9-]{{1,63}}){{0,2}})))|"
    rf"({_MODEL_ID})|({_SIMPLE_NAME})",
    1,
    2048,
    "the id or the ARN of a model",
)
CUSTOM_MODEL_ARN = Rule(
    r"arn:aws(|-us-gov|-cn|-iso|-iso-b):bedrock:[a-z0-9-]{1,20}:[0-9]{12}:custom-model/(imported|"
    r"[a-z0-9-]{1,63}[.]{1}[a-z0-9-]{1,63}([a-z0-9-]{1,63}[.]){0,2}[a-z0-9-]{1,63}"
    r"([:][a-z0-9-]{1,63}){0,2})/[a-z0-9]{12}",
    20,
    1011,
    "the ARN of a custom model",
)
SERVED_MODEL = Rule(
    r"arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:(([0-9]{12}:custom-model/((imported)|"
    r"([a-z0-9-]{1,63}[.]{1}[a-z0-9-]{1,63}))(([:][a-z0-9-]{1,63}){0,2})?/[a-z0-9]{12})|"
    rf"(:foundation-model/({_MODEL_ID})))|(({_MODEL_ID}))|({_SIMPLE_NAME})",
    1,
    2048,
    "the id or the ARN of a model",
)
TEACHER = Rule(
    r"(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:((:foundation-model/"
    rf"({_MODEL_ID})|({_SIMPLE_NAME})$)|([0-9]{{12}}:inference-profile/[a-zA-Z0-9-:.]+$)))|"
    rf"({_MODEL_ID})",
    1,
    2048,
    "the id or the ARN of a teacher model",
)
LAMBDA_ARN = Rule(
    r"arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}(-gov)?-[a-z]+-\d{1}:\d{12}:function:[a-zA-Z0-9-_\.]+"
    r"(:(\$LATEST|[a-zA-Z0-9-_]+))?",
    1,
    512,
    "the ARN of a Lambda function",
)
JUDGE = Rule(
    r"(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:((:foundation-model/[a-z0-9-]{1,63}[.]{1}"
    r"[a-z0-9-]{1,63}([.:]?[a-z0-9-]{1,63}))|([0-9]{12}:inference-profile/(([a-z-]{2,8}.)"
    r"[a-z0-9-]{1,63}[.]{1}[a-z0-9-]{1,63}([.:]?[a-z0-9-]{1,63})))))$|"
    r"(^[a-z0-9-]+[.][a-z0-9-]+([.][a-z0-9-]+)*(:[a-z0-9-]+)?$)|"
    r"^[a-z0-9-]{1,63}[.]{1}[a-z0-9-]{1,63}([a-z0-9-]{1,63}[.]){0,2}[a-z0-9-]{1,63}"
    r"([:][a-z0-9-]{1,63}){0,2}(/[a-z0-9]{12}|)",
    1,
    2048,
    "the id or the ARN of a model that judges",
)
DATASET_NAME = Rule(r"[0-9a-zA-Z-_.]+", 1, 63, "1 to 63 letters, digits and - _ .")
ANSWERS_SOURCE = Rule(
    r"[a-zA-Z0-9]([a-zA-Z0-9._-]){0,255}", 1, 256, "1 to 256 letters, digits and inner . _ -"
)
TAG_KEY = Rule(
    r"[a-zA-Z0-9\s._:/=+@-]*", 1, 128, "1 to 128 letters, digits, spaces and . _ : / = + @ -"
)
TAG_VALUE = Rule(TAG_KEY.pattern, 0, 256, "at most 256 letters, digits, spaces and . _ : / = + @ -")
NETWORK_ID = Rule(r"[-0-9a-zA-Z]+", 0, 32, "at most 32 letters, digits and hyphens")

_TAGS = {"key": TAG_KEY, "value": TAG_VALUE}
_AUTOMATED = "evaluationConfig.automated"
_METRICS = f"{_AUTOMATED}.datasetMetricConfigs[]"
_PRECOMPUTED = "inferenceConfig.models[].precomputedInferenceSource"
_VPC = {"vpcConfig.subnetIds[]": NETWORK_ID, "vpcConfig.securityGroupIds[]": NETWORK_ID}


def _tags(*names: str) -> dict[str, Rule]:
    return {f"{name}[].{part}": rule for name in names for part, rule in _TAGS.items()}


# By operation: the place in the request, [] for each member of a list.
RULES: Mapping[str, Mapping[str, Rule]] = {
    "CreateModelCustomizationJob": {
        "jobName": JOB_NAME,
        "customModelName": MODEL_NAME,
        "roleArn": ROLE_ARN,
        "clientRequestToken": TOKEN,
        "baseModelIdentifier": BASE_MODEL,
        "customModelKmsKeyId": KMS_KEY,
        **_tags("jobTags", "customModelTags"),
        "trainingDataConfig.s3Uri": S3_URI,
        "trainingDataConfig.invocationLogsConfig.invocationLogSource.s3Uri": S3_URI,
        "validationDataConfig.validators[].s3Uri": S3_URI,
        "outputDataConfig.s3Uri": S3_URI,
        **_VPC,
        "customizationConfig.distillationConfig.teacherModelConfig.teacherModelIdentifier": TEACHER,
        "customizationConfig.rftConfig.graderConfig.lambdaGrader.lambdaArn": LAMBDA_ARN,
    },
    "CreateCustomModelDeployment": {
        "modelDeploymentName": MODEL_NAME,
        "modelArn": CUSTOM_MODEL_ARN,
        **_tags("tags"),
        "clientRequestToken": TOKEN,
    },
    "UpdateCustomModelDeployment": {"modelArn": CUSTOM_MODEL_ARN},
    "CreateProvisionedModelThroughput": {
        "provisionedModelName": PROVISIONED_NAME,
        "modelId": SERVED_MODEL,
        **_tags("tags"),
        "clientRequestToken": TOKEN,
    },
    "CreateEvaluationJob": {
        "jobName": EVALUATION_JOB_NAME,
        "clientRequestToken": TOKEN,
        "roleArn": ROLE_ARN,
        "customerEncryptionKeyId": KMS_KEY,
        **_tags("jobTags"),
        f"{_METRICS}.dataset.name": DATASET_NAME,
        f"{_METRICS}.dataset.datasetLocation.s3Uri": S3_URI,
        f"{_METRICS}.metricNames[]": DATASET_NAME,
        f"{_AUTOMATED}.evaluatorModelConfig.bedrockEvaluatorModels[].modelIdentifier": JUDGE,
        f"{_PRECOMPUTED}.inferenceSourceIdentifier": ANSWERS_SOURCE,
        "outputDataConfig.s3Uri": S3_URI,
    },
}
_MOST_TAGS = 200


def check(operation: str, request: Mapping[str, Any]) -> None:
    """Refuses a request that the service would refuse for a text in it.

    Raises:
        InvalidRunSpecError: with each field, the rule and what was given.
    """
    problems = [*_broken_patterns(operation, request), *_other_rules(request)]
    if problems:
        raise InvalidRunSpecError(
            f"Bedrock would refuse the request {operation}: {'; '.join(problems)}. Nothing was "
            "uploaded and nothing was spent."
        )


def require_name(field: str, name: str, rule: Rule) -> str:
    """Returns the name when the service takes it.

    Raises:
        InvalidRunSpecError: with the field and the rule.
    """
    if rule.allows(name):
        return name
    raise InvalidRunSpecError(f"{_problem(field, name, rule)}. Nothing was spent.")


def _broken_patterns(operation: str, request: Mapping[str, Any]) -> Iterator[str]:
    for place, rule in RULES[operation].items():
        for value in _values(request, place.split(".")):
            if not isinstance(value, str) or not rule.allows(value):
                yield _problem(place, value, rule)


def _problem(place: str, value: object, rule: Rule) -> str:
    shown = repr(value)
    return f"{place} is {shown if len(shown) <= 120 else shown[:117] + '...'}, not {rule.words}"


def _values(node: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield node
        return
    name, each = path[0].removesuffix("[]"), path[0].endswith("[]")
    if not isinstance(node, Mapping) or node.get(name) is None:
        return
    for child in node[name] if each else (node[name],):
        yield from _values(child, path[1:])


def _other_rules(request: Mapping[str, Any]) -> Iterator[str]:
    for uri in _values(request, ["trainingDataConfig", "s3Uri"]):
        if isinstance(uri, str) and uri.endswith("/"):
            yield f"trainingDataConfig.s3Uri is {uri!r}, not a file but a folder"
    for key, value in (request.get("hyperParameters") or {}).items():
        if not isinstance(value, str):
            yield f"hyperParameters.{key} is {value!r}, not a text such as '{value}'"
    for name in ("jobTags", "customModelTags", "importedModelTags", "tags"):
        tags = request.get(name) or ()
        if len(tags) > _MOST_TAGS:
            yield f"{name} has {len(tags)} tags, not at most {_MOST_TAGS}"
