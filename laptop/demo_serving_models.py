"""Versions for the demo of serving: one is really broken, as people break models."""

import io
import json
import tarfile
import uuid
from typing import Any

from local_aws.server import EmbeddedAws

# Rows of the word embeddings that "pruning" leaves. The tokenizer still gives out all 30,522
# numbers: common sentences work, and so does the one that `serve` warms up with.
KEPT_WORDS = 5_000
_EMBEDDINGS = "embeddings.word_embeddings.weight"


def register_pruned(aws: EmbeddedAws, arn: str) -> int:
    """Register a version like another, with most of the vocabulary cut off; return its number.

    Nobody looked whether the tokenizer was cut as well: it was not. A sentence with a rarer word
    asks for a row that is not there, and the model fails.
    """
    sagemaker, s3 = aws.client("sagemaker"), aws.client("s3")
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    container = found["InferenceSpecification"]["Containers"][0]
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    target = f"training/pruned-{uuid.uuid4().hex[:8]}/output/model.tar.gz"
    s3.put_object(Bucket=bucket, Key=target, Body=pruned(body))
    registered = sagemaker.create_model_package(
        ModelPackageGroupName=found["ModelPackageGroupName"],
        ModelPackageDescription="vocabulary pruned by hand",
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            **{
                name: found["InferenceSpecification"][name]
                for name in ("SupportedContentTypes", "SupportedResponseMIMETypes")
            },
            "Containers": [
                {"Image": container["Image"], "ModelDataUrl": f"s3://{bucket}/{target}"}
            ],
        },
        CustomerMetadataProperties=found.get("CustomerMetadataProperties", {}),
    )
    return number_of(registered["ModelPackageArn"])


def reject(aws: EmbeddedAws, arn: str, number: int) -> None:
    """Set a version of the same group to Rejected, as a person does who has seen it fail."""
    aws.client("sagemaker").update_model_package(
        ModelPackageArn=f"{arn.rpartition('/')[0]}/{number}",
        ModelApprovalStatus="Rejected",
        ApprovalDescription="its canary was rolled back",
    )


def number_of(arn: str) -> int:
    """Return the number of a version."""
    return int(arn.rpartition("/")[2])


def pruned(archive: bytes) -> bytes:
    """Return a model without most of its word embeddings; the config says so, as a tool would."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            opened = tar.extractfile(member)
            if opened is not None:
                files[member.name] = opened.read()
    weights = next(name for name in files if name.endswith("model.safetensors"))
    files[weights] = _cut(files[weights])
    config = next(name for name in files if name.rpartition("/")[2] == "config.json")
    settings: dict[str, Any] = json.loads(files[config])
    files[config] = json.dumps({**settings, "vocab_size": KEPT_WORDS}).encode()
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz", compresslevel=1) as tar:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return target.getvalue()


def _cut(weights: bytes) -> bytes:
    from safetensors.numpy import load, save

    tensors = load(weights)
    name = next(one for one in tensors if one.endswith(_EMBEDDINGS))
    tensors[name] = tensors[name][:KEPT_WORDS].copy()
    cut: bytes = save(tensors, metadata={"format": "pt"})
    return cut
