"""The AWS calls that the embedded AWS does faithfully enough to develop against.

Everything else is refused. moto answers many more, and many of those answers are inventions
(a training job that is complete at once, an endpoint that is in service): worse than an error.
"""


def _calls(names: str) -> frozenset[str]:
    return frozenset(names.split())


SUPPORTED: dict[str, frozenset[str]] = {
    "application-autoscaling": _calls(
        "DeleteScalingPolicy DeleteScheduledAction DeregisterScalableTarget "
        "DescribeScalableTargets DescribeScalingActivities DescribeScalingPolicies "
        "DescribeScheduledActions PutScalingPolicy PutScheduledAction RegisterScalableTarget"
    ),
    "bedrock": _calls(
        "CreateCustomModel CreateCustomModelDeployment CreateEvaluationJob CreateInferenceProfile "
        "CreateModelCustomizationJob CreateProvisionedModelThroughput DeleteCustomModel "
        "DeleteCustomModelDeployment DeleteImportedModel DeleteInferenceProfile "
        "DeleteProvisionedModelThroughput "
        "GetCustomModel GetCustomModelDeployment GetEvaluationJob GetFoundationModel "
        "GetFoundationModelAvailability GetImportedModel GetModelCustomizationJob "
        "GetProvisionedModelThroughput "
        "ListCustomModelDeployments ListCustomModels ListEvaluationJobs ListFoundationModels "
        "ListImportedModels ListInferenceProfiles ListModelCustomizationJobs "
        "ListProvisionedModelThroughputs ListTagsForResource StopEvaluationJob "
        "StopModelCustomizationJob TagResource UntagResource "
        "UpdateCustomModelDeployment UpdateProvisionedModelThroughput"
    ),
    "bedrock-runtime": _calls("Converse CountTokens InvokeModel"),
    "ce": _calls("GetCostAndUsage GetDimensionValues GetSavingsPlansPurchaseRecommendation"),
    "cloudformation": _calls(
        "DescribeStacks DescribeStackResource DescribeStackResources DescribeStackEvents "
        "GetTemplate ListExports ListStackResources ListStacks"
    ),
    "cloudwatch": _calls(
        "DeleteAlarms DescribeAlarms GetDashboard GetMetricData GetMetricStatistics "
        "ListDashboards ListMetrics PutDashboard PutMetricAlarm PutMetricData SetAlarmState"
    ),
    "dynamodb": _calls(
        "BatchGetItem BatchWriteItem CreateTable DeleteItem DeleteTable "
        "DescribeContinuousBackups DescribeTable DescribeTimeToLive GetItem ListTables "
        "ListTagsOfResource PutItem Query Scan TagResource TransactGetItems TransactWriteItems "
        "UntagResource UpdateContinuousBackups UpdateItem UpdateTimeToLive"
    ),
    "ec2": _calls("DescribeRegions DescribeSpotPriceHistory GetSpotPlacementScores"),
    "ecr": _calls("DescribeImages PutImage"),
    "emr-serverless": _calls(
        "CancelJobRun CreateApplication DeleteApplication GetApplication GetJobRun "
        "ListApplications ListJobRuns ListTagsForResource StartApplication StartJobRun "
        "StopApplication TagResource UntagResource UpdateApplication"
    ),
    "events": _calls(
        "CreateEventBus DeleteEventBus DeleteRule DescribeEventBus DescribeRule DisableRule "
        "EnableRule ListEventBuses ListRuleNamesByTarget ListRules ListTagsForResource "
        "ListTargetsByRule PutEvents PutRule PutTargets RemoveTargets TestEventPattern"
    ),
    "execute-api": _calls("Invoke"),
    "iam": _calls(
        "AddUserToGroup AttachGroupPolicy AttachRolePolicy AttachUserPolicy CreateAccessKey "
        "CreateGroup CreatePolicy CreateRole CreateUser DeleteAccessKey DeleteGroup DeletePolicy "
        "DeleteRole DeleteRolePolicy DeleteUser DeleteUserPolicy DetachGroupPolicy "
        "DetachRolePolicy DetachUserPolicy GetGroup GetPolicy GetPolicyVersion GetRole "
        "GetRolePolicy GetUser GetUserPolicy ListAccessKeys ListAttachedUserPolicies "
        "ListGroupsForUser ListUserPolicies ListUsers PutGroupPolicy PutUserPolicy "
        "RemoveUserFromGroup UpdateAccessKey "
        "ListAccountAliases ListAttachedRolePolicies ListPolicies ListRolePolicies ListRoles "
        "PutRolePolicy SimulatePrincipalPolicy"
    ),
    "lambda": _calls(
        "GetFunction GetFunctionConfiguration GetFunctionEventInvokeConfig GetPolicy Invoke "
        "ListFunctions ListTags PutFunctionEventInvokeConfig"
    ),
    "logs": _calls(
        "CreateLogGroup CreateLogStream DeleteLogGroup DeleteLogStream DeleteRetentionPolicy "
        "DescribeLogGroups DescribeLogStreams FilterLogEvents GetLogEvents ListTagsForResource "
        "PutLogEvents PutRetentionPolicy TagResource UntagResource"
    ),
    "pricing": _calls("DescribeServices GetAttributeValues GetProducts"),
    "resourcegroupstaggingapi": _calls("GetResources GetTagKeys TagResources UntagResources"),
    "s3": _calls(
        "AbortMultipartUpload CompleteMultipartUpload CopyObject CreateBucket "
        "CreateMultipartUpload DeleteBucket DeleteBucketLifecycle DeleteBucketTagging "
        "DeleteObject DeleteObjectTagging DeleteObjects "
        "GetBucketAcl GetBucketEncryption GetBucketLifecycle GetBucketLifecycleConfiguration "
        "GetBucketLocation GetBucketLogging GetBucketNotificationConfiguration "
        "GetBucketOwnershipControls GetBucketPolicy GetBucketReplication GetBucketTagging "
        "GetBucketVersioning GetBucketWebsite GetObject GetObjectAttributes "
        "GetObjectTagging GetPublicAccessBlock HeadBucket HeadObject ListBuckets "
        "ListMultipartUploads ListObjectVersions ListObjects ListObjectsV2 ListParts "
        "PostObject PutBucketEncryption PutBucketLifecycleConfiguration "
        "PutBucketNotificationConfiguration PutBucketOwnershipControls PutBucketPolicy "
        "PutBucketTagging PutBucketVersioning PutObject PutObjectTagging "
        "PutPublicAccessBlock UploadPart UploadPartCopy"
    ),
    "sagemaker": _calls(
        "AddTags CreateEndpoint CreateEndpointConfig CreateInferenceComponent CreateModel "
        "CreateModelPackage CreateModelPackageGroup CreateProcessingJob CreateTrainingJob "
        "CreateTransformJob "
        "DeleteApp DeleteCluster DeleteEndpoint DeleteEndpointConfig DeleteInferenceComponent "
        "DeleteModel DeleteModelPackage DeleteModelPackageGroup DeleteTags DescribeApp "
        "DescribeEndpoint DescribeEndpointConfig DescribeInferenceComponent DescribeModel "
        "DescribeModelPackage DescribeModelPackageGroup DescribeNotebookInstance "
        "DescribeCluster DescribeProcessingJob DescribeTrainingJob DescribeTrainingPlan "
        "DescribeTransformJob ListApps ListClusters ListDomains ListEndpointConfigs "
        "ListEndpoints ListHyperParameterTuningJobs ListInferenceComponents "
        "ListMlflowTrackingServers ListModelPackageGroups ListModelPackages ListModels "
        "ListNotebookInstances ListProcessingJobs ListSpaces ListTags ListTrainingJobs "
        "ListTransformJobs ListUserProfiles Search StartNotebookInstance "
        "StopNotebookInstance StopProcessingJob StopTrainingJob StopTransformJob UpdateEndpoint "
        "UpdateEndpointWeightsAndCapacities UpdateInferenceComponent "
        "UpdateInferenceComponentRuntimeConfig UpdateModelPackage UpdateTrainingJob"
    ),
    "scheduler": _calls(
        "CreateSchedule CreateScheduleGroup DeleteSchedule DeleteScheduleGroup GetSchedule "
        "GetScheduleGroup ListScheduleGroups ListSchedules ListTagsForResource TagResource "
        "UntagResource UpdateSchedule"
    ),
    "secretsmanager": _calls(
        "CreateSecret DeleteSecret DescribeSecret GetRandomPassword GetSecretValue ListSecrets"
    ),
    "savingsplans": _calls("DescribeSavingsPlansOfferingRates"),
    "service-quotas": _calls(
        "GetAWSDefaultServiceQuota GetServiceQuota ListAWSDefaultServiceQuotas ListServiceQuotas"
    ),
    "sagemaker-runtime": _calls("InvokeEndpoint InvokeEndpointAsync"),
    "sns": _calls(
        "CreateTopic DeleteTopic GetSubscriptionAttributes GetTopicAttributes "
        "ListSubscriptions ListSubscriptionsByTopic ListTagsForResource ListTopics Publish "
        "PublishBatch SetSubscriptionAttributes SetTopicAttributes Subscribe "
        "Unsubscribe"
    ),
    "sqs": _calls(
        "ChangeMessageVisibility CreateQueue DeleteMessage DeleteMessageBatch DeleteQueue "
        "GetQueueAttributes GetQueueUrl ListDeadLetterSourceQueues ListQueueTags ListQueues "
        "PurgeQueue ReceiveMessage SendMessage SendMessageBatch SetQueueAttributes"
    ),
    "ssm": _calls("DeleteParameter GetParameter GetParameters GetParametersByPath PutParameter"),
    "stepfunctions": _calls(
        "CreateStateMachine DeleteStateMachine DescribeExecution DescribeStateMachine "
        "DescribeStateMachineForExecution GetExecutionHistory ListExecutions "
        "ListStateMachines ListTagsForResource SendTaskFailure SendTaskHeartbeat "
        "SendTaskSuccess StartExecution StopExecution UpdateStateMachine"
    ),
    "sts": _calls("AssumeRole GetCallerIdentity"),
    "xray": _calls("PutTelemetryRecords PutTraceSegments"),
}

# What a client signs with, where it is not boto3's name for the service.
BOTO_NAMES = {
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}


def is_supported(service: str, operation: str | None) -> bool:
    """Whether a call of `service` (boto3's name) is answered."""
    return operation in SUPPORTED.get(service, frozenset())


def refusal(service: str, operation: str | None) -> str:
    """Say that a call is not answered, and what to do about it."""
    return (
        f"The embedded AWS does not do {service}:{operation or 'unknown operation'}. "
        "Nothing was changed. Run this against AWS, or add the call to local_aws "
        "(local_aws/README.md says which calls it answers)."
    )
