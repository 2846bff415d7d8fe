from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from tests.integration.local_aws.aws import Aws


def test_of_fifty_conditional_writes_at_once_one_succeeds(aws: Aws) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.outputs["TableName"]

    def write(number: int) -> str:
        try:
            dynamodb.put_item(
                TableName=table,
                Item={"id": {"S": "run"}, "owner": {"N": str(number)}},
                ConditionExpression="attribute_not_exists(id)",
            )
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "written"

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(write, range(50)))

    assert results.count("written") == 1
    assert results.count("ConditionalCheckFailedException") == 49


def test_many_uploads_at_once_are_all_there_and_all_versions_differ(aws: Aws) -> None:
    s3, bucket = aws.client("s3"), aws.outputs["UploadsName"]

    def upload(number: int) -> str:
        answer = s3.put_object(Bucket=bucket, Key="many/same", Body=b"x" * number)
        return str(answer["VersionId"])

    with ThreadPoolExecutor(20) as pool:
        versions = set(pool.map(upload, range(100)))

    listed = s3.list_object_versions(Bucket=bucket, Prefix="many/")["Versions"]
    assert versions == {version["VersionId"] for version in listed}
    assert len(versions) == 100
