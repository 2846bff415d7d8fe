"""A queue that hears what the alerts topic says."""

from local_aws.server import EmbeddedAws


def open_mailbox(aws: EmbeddedAws, name: str) -> str:
    """Subscribes a new queue of this name to the alerts topic; returns the queue's URL."""
    sqs = aws.client("sqs")
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    aws.client("sns").subscribe(
        TopicArn=aws.outputs["AlertsTopicArn"],
        Protocol="sqs",
        Endpoint=arn["Attributes"]["QueueArn"],
    )
    return url
