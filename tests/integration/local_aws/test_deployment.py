import json

from tests.integration.local_aws.aws import Aws


def test_the_stack_and_its_outputs_are_described_by_cloudformation(aws: Aws) -> None:
    stack = aws.client("cloudformation").describe_stacks(StackName="fixture")["Stacks"][0]

    assert stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    assert outputs == aws.outputs
    assert outputs["UploadsName"] == "fixture-uploads-123456789012"
    assert outputs["MachineArn"].endswith(":stateMachine:fixture-machine")


def test_a_bucket_has_all_that_the_template_says(aws: Aws) -> None:
    s3, bucket = aws.client("s3"), aws.outputs["UploadsName"]

    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=bucket)
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    default = encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    assert default["SSEAlgorithm"] == "AES256"
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert policy["Statement"][0]["Resource"] == f"arn:aws:s3:::{bucket}/*"


def test_the_lifecycle_rules_of_a_bucket_are_kept(aws: Aws) -> None:
    answer = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=aws.outputs["UploadsName"])

    rules = {rule["ID"]: rule for rule in answer["Rules"]}
    assert rules["scratch"]["Filter"] == {"Prefix": "scratch/"}
    assert rules["scratch"]["Expiration"]["Days"] == 7
    assert rules["uploads"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 3
    assert rules["uploads"]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30


def test_a_table_has_its_recovery_and_its_expiry(aws: Aws) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.outputs["TableName"]

    backups = dynamodb.describe_continuous_backups(TableName=table)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert expiry == {"AttributeName": "expires_at", "TimeToLiveStatus": "ENABLED"}


def test_a_machine_has_its_substitutions(aws: Aws) -> None:
    answer = aws.client("stepfunctions").describe_state_machine(
        stateMachineArn=aws.outputs["MachineArn"]
    )

    arguments = json.loads(answer["definition"])["States"]["Echo"]["Arguments"]
    assert arguments["FunctionName"].endswith(f":function:{aws.outputs['EchoName']}")


def test_a_log_group_has_its_retention(aws: Aws) -> None:
    answer = aws.client("logs").describe_log_groups(logGroupNamePrefix="/fixture/echo")

    assert answer["logGroups"][0]["retentionInDays"] == 14


def test_a_rule_has_its_pattern_target_and_dead_letter_queue(aws: Aws) -> None:
    events = aws.client("events")
    rules = [rule for rule in events.list_rules()["Rules"] if "EventPattern" in rule]

    assert json.loads(rules[0]["EventPattern"])["source"] == ["aws.s3"]
    target = events.list_targets_by_rule(Rule=rules[0]["Name"])["Targets"][0]
    assert target["Arn"] == aws.outputs["MachineArn"]
    assert target["DeadLetterConfig"]["Arn"] == aws.outputs["DeadLettersArn"]
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 2


def test_a_resource_with_a_false_condition_does_not_exist(aws: Aws) -> None:
    assert aws.client("sns").list_subscriptions()["Subscriptions"] == []


def test_a_secret_has_a_text_that_was_made_for_it(aws: Aws) -> None:
    secrets = aws.client("secretsmanager")

    plain = secrets.get_secret_value(SecretId=aws.outputs["SigningSecretArn"])["SecretString"]
    login = json.loads(secrets.get_secret_value(SecretId="fixture/login")["SecretString"])

    assert len(plain) == 64
    assert plain.isalnum()
    assert login["user"] == "admin"
    assert len(login["password"]) == 32


def test_an_application_of_emr_serverless_has_all_that_the_template_says(aws: Aws) -> None:
    emr, identifier = aws.client("emr-serverless"), aws.outputs["SparkId"]

    found = emr.get_application(applicationId=identifier)["application"]

    assert (found["applicationId"], found["arn"]) == (identifier, aws.outputs["SparkArn"])
    assert aws.outputs["SparkApplicationId"] == identifier
    assert (found["name"], found["releaseLabel"]) == ("fixture-spark", "emr-7.11.0")
    assert found["maximumCapacity"] == {"cpu": "16 vCPU", "memory": "64 GB"}
    assert found["autoStopConfiguration"] == {"enabled": True, "idleTimeoutMinutes": 5}
    assert found["schedulerConfiguration"] == {"maxConcurrentRuns": 2, "queueTimeoutMinutes": 360}
    assert (found["tags"], found["state"]) == ({"project": "fixture"}, "CREATED")
