"""The AWS CLI's commands that documents have, run by boto3: the CLI itself has pins of its own.

    python aws_command.py s3 cp my.csv s3://bucket/key
    python aws_command.py logs filter-log-events --log-group-name NAME
    python aws_command.py lambda invoke --function-name NAME --payload JSON FILE

Any other service and operation goes by botocore's models, with `--query` and `--output text`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import boto3
import jmespath

Client = Any


def main(words: list[str]) -> int:
    if words[:2] == ["s3", "cp"]:
        copy(boto3.client("s3"), words[2:])
    elif words[:2] == ["s3", "ls"]:
        for key, size in objects(boto3.client("s3"), words[-1]):
            sys.stdout.write(f"{size:>10} {key}\n")
    elif words[:2] == ["lambda", "invoke"]:
        invoke(boto3.client("lambda"), options_of(words[2:-1]), words[-1])
    elif words[:2] == ["ecr", "get-login-password"]:
        sys.stdout.write("password\n")  # the embedded AWS has no registry to log in to
    else:
        sys.stdout.write(any_operation(words[0], words[1], options_of(words[2:])) + "\n")
    return 0


def copy(s3: Client, words: list[str]) -> None:
    source, target = (word for word in words if word != "--recursive")
    if "--recursive" in words and source.startswith("s3://"):
        bucket, prefix = place(source)
        for key, _ in objects(s3, source):
            file = Path(target) / key.removeprefix(prefix)
            file.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, key, str(file))
    elif "--recursive" in words:
        bucket, prefix = place(target)
        for file in filter(Path.is_file, Path(source).rglob("*")):
            s3.upload_file(str(file), bucket, prefix + file.relative_to(source).as_posix())
    elif source.startswith("s3://"):
        bucket, key = place(source)
        folder = Path(target) / Path(key).name if Path(target).is_dir() else Path(target)
        s3.download_file(bucket, key, str(folder))
    else:
        s3.upload_file(source, *place(target))


def invoke(functions: Client, options: dict[str, str], file: str) -> None:
    assert options.pop("cli-binary-format") == "raw-in-base64-out"
    answer = functions.invoke(
        FunctionName=options.pop("function-name"), Payload=options.pop("payload").encode()
    )
    assert not options, options
    # As the CLI does, it writes the answer into the file, which may be a terminal.
    with Path(file).open("wb") as written:
        written.write(answer["Payload"].read())
    sys.stdout.write(json.dumps({"StatusCode": answer["StatusCode"]}) + "\n")


def place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def objects(s3: Client, uri: str) -> list[tuple[str, int]]:
    bucket, prefix = place(uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [(one["Key"], one["Size"]) for page in pages for one in page.get("Contents", [])]


def options_of(words: list[str]) -> dict[str, str]:
    return {
        name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)
    }


def any_operation(service: str, operation: str, options: dict[str, str]) -> str:
    client: Client = boto3.client(service)
    method = operation.replace("-", "_")
    shape = client.meta.service_model.operation_model(
        client.meta.method_to_api_mapping[method]
    ).input_shape
    members = {name.lower(): name for name in shape.members}
    query, output = options.pop("query", None), options.pop("output", "json")
    answer = getattr(client, method)(
        **{members[name.replace("-", "")]: value for name, value in options.items()}
    )
    found = jmespath.search(query, answer) if query else answer
    if output == "text":
        return "\t".join(map(str, found)) if isinstance(found, list) else str(found)
    return json.dumps(found, default=str)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
