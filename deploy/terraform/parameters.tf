# Written by tools/write_terraform_variables.py from template.yaml: run `make docs`.

locals {
  parameters = {
    DefaultBaseModel        = var.default_base_model
    DefaultInstanceType     = var.default_instance_type
    DefaultMaxUsd           = var.default_max_usd
    MaxUsdPerRun            = var.max_usd_per_run
    MaxUsdPerMonth          = var.max_usd_per_month
    ProjectBudgets          = var.project_budgets
    ExternalSpend           = var.external_spend
    StopRunsAtBudget        = var.stop_runs_at_budget
    Trainers                = join(",", var.trainers)
    AllowedInstanceTypes    = var.allowed_instance_types
    LeastGateConfidence     = var.least_gate_confidence
    LeastGateTestSize       = tostring(var.least_gate_test_size)
    MostGateMargin          = var.most_gate_margin
    GateAboveMajority       = var.gate_above_majority
    ApprovalAboveUsd        = var.approval_above_usd
    ApprovalHours           = tostring(var.approval_hours)
    ApprovalBaseUrl         = var.approval_base_url
    TrainingImageTag        = var.training_image_tag
    BedrockSubnetIds        = join(",", var.bedrock_subnet_ids)
    BedrockSecurityGroupIds = join(",", var.bedrock_security_group_ids)
    PreparationEngines      = join(",", var.preparation_engines)
    PreparationMaxVcpus     = var.preparation_max_vcpus
    PreparationRelease      = var.preparation_release
    PreparationArchive      = var.preparation_archive
    PreparationImage        = var.preparation_image
    SparkProcessingImage    = var.spark_processing_image
    AlertEmail              = var.alert_email
    ProjectMembers          = var.project_members
    ChatWebhookSecretArn    = var.chat_webhook_secret_arn
    ChatWebhookKind         = var.chat_webhook_kind
    AmazonQ                 = var.amazon_q
    SlackWorkspaceId        = var.slack_workspace_id
    SlackChannelId          = var.slack_channel_id
    KmsKeyArn               = var.kms_key_arn
    SettleSeconds           = tostring(var.settle_seconds)
    SinglePassMiB           = tostring(var.single_pass_mib)
    RangeMiB                = tostring(var.range_mib)
    AuditMode               = var.audit_mode
    AuditSchedules          = var.audit_schedules
    AuditSchedule           = var.audit_schedule
    IdleSchedule            = var.idle_schedule
    AuditRegions            = var.audit_regions
    AuditAccounts           = var.audit_accounts
    AuditRoleName           = var.audit_role_name
    ActRoleName             = var.act_role_name
    RestorableRoleArns      = join(",", var.restorable_role_arns)
    AuditParameters         = var.audit_parameters
    LogRetentionDays        = tostring(var.log_retention_days)
    NoncurrentVersionDays   = tostring(var.noncurrent_version_days)
    CaptureDays             = tostring(var.capture_days)
    LogLevel                = var.log_level
  }
}
