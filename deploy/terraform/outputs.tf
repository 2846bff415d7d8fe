# Written by tools/write_terraform_variables.py from template.yaml: run `make docs`.

output "data_bucket_name" {
  description = "Upload to datasets/{project}/ in this bucket."
  value       = try(aws_cloudformation_stack.thriftline.outputs["DataBucketName"], null)
}

output "artifacts_bucket_name" {
  description = "Results lie under runs/{run_id}/ in this bucket."
  value       = try(aws_cloudformation_stack.thriftline.outputs["ArtifactsBucketName"], null)
}

output "runs_table_name" {
  description = "One item for each run."
  value       = try(aws_cloudformation_stack.thriftline.outputs["RunsTableName"], null)
}

output "ledger_table_name" {
  description = "One item for each month, with what is held, settled and left."
  value       = try(aws_cloudformation_stack.thriftline.outputs["LedgerTableName"], null)
}

output "answer_approval_function_name" {
  description = "Shows requests for approval and takes answers."
  value       = try(aws_cloudformation_stack.thriftline.outputs["AnswerApprovalFunctionName"], null)
}

output "training_state_machine_arn" {
  description = "The training workflow."
  value       = try(aws_cloudformation_stack.thriftline.outputs["TrainingStateMachineArn"], null)
}

output "cost_audit_state_machine_arn" {
  description = "The cost audit; an empty input means the defaults."
  value       = try(aws_cloudformation_stack.thriftline.outputs["CostAuditStateMachineArn"], null)
}

output "idle_endpoints_state_machine_arn" {
  description = "The audit of idle endpoints; an empty input means the defaults."
  value       = try(aws_cloudformation_stack.thriftline.outputs["IdleEndpointsStateMachineArn"], null)
}

output "restore_endpoint_function_name" {
  description = "Brings back an endpoint that was ended; the API starts it. There with AuditMode act."
  value       = try(aws_cloudformation_stack.thriftline.outputs["RestoreEndpointFunctionName"], null)
}

output "alerts_topic_arn" {
  description = "Messages about runs and audits."
  value       = try(aws_cloudformation_stack.thriftline.outputs["AlertsTopicArn"], null)
}

output "chat_topic_arn" {
  description = "Messages in the form of Amazon Q in chat applications."
  value       = try(aws_cloudformation_stack.thriftline.outputs["ChatTopicArn"], null)
}

output "chat_dead_letter_queue_url" {
  description = "Messages that no chat took."
  value       = try(aws_cloudformation_stack.thriftline.outputs["ChatDeadLetterQueueUrl"], null)
}

output "training_repository_uri" {
  description = "Push the training image here, with the tag of the parameter TrainingImageTag."
  value       = try(aws_cloudformation_stack.thriftline.outputs["TrainingRepositoryUri"], null)
}

output "training_role_arn" {
  description = "Execution role of the training jobs."
  value       = try(aws_cloudformation_stack.thriftline.outputs["TrainingRoleArn"], null)
}

output "endpoints_table_name" {
  description = "Endpoints, their versions, deployments and experiments."
  value       = try(aws_cloudformation_stack.thriftline.outputs["EndpointsTableName"], null)
}

output "deploy_model_state_machine_arn" {
  description = "Rolls a version out, or back; events/deploy_model_state_machine.json shows an input."
  value       = try(aws_cloudformation_stack.thriftline.outputs["DeployModelStateMachineArn"], null)
}

output "compare_models_state_machine_arn" {
  description = "Machine that compares two versions on live traffic."
  value       = try(aws_cloudformation_stack.thriftline.outputs["CompareModelsStateMachineArn"], null)
}

output "preview_deployment_function_name" {
  description = "Shows what a deployment would do and cost; the API calls it for a dry run."
  value       = try(aws_cloudformation_stack.thriftline.outputs["PreviewDeploymentFunctionName"], null)
}

output "act_on_schedule_state_machine_arn" {
  description = "Start it by hand with {endpoint, action: sleep or wake}."
  value       = try(aws_cloudformation_stack.thriftline.outputs["ActOnScheduleStateMachineArn"], null)
}

output "change_schedule_function_name" {
  description = "Gives an endpoint a schedule, another one, or none."
  value       = try(aws_cloudformation_stack.thriftline.outputs["ChangeScheduleFunctionName"], null)
}

output "serving_role_arn" {
  description = "Execution role of the endpoints."
  value       = try(aws_cloudformation_stack.thriftline.outputs["ServingRoleArn"], null)
}

output "api_url" {
  description = "The HTTP API; requests are signed for the service execute-api."
  value       = try(aws_cloudformation_stack.thriftline.outputs["ApiUrl"], null)
}

output "api_id" {
  description = "Id of the API in API Gateway."
  value       = try(aws_cloudformation_stack.thriftline.outputs["ApiId"], null)
}

output "api_read_policy_arn" {
  description = "Managed policy of people who may look."
  value       = try(aws_cloudformation_stack.thriftline.outputs["ApiReadPolicyArn"], null)
}

output "api_operate_policy_arn" {
  description = "Managed policy of people who may act."
  value       = try(aws_cloudformation_stack.thriftline.outputs["ApiOperatePolicyArn"], null)
}

output "page_url" {
  description = "The hosted page, once `thriftline page publish` has put its files there."
  value       = try(aws_cloudformation_stack.thriftline.outputs["PageUrl"], null)
}

output "page_bucket_name" {
  description = "The hosted page's files."
  value       = try(aws_cloudformation_stack.thriftline.outputs["PageBucketName"], null)
}

output "page_distribution_id" {
  description = "The hosted page's distribution."
  value       = try(aws_cloudformation_stack.thriftline.outputs["PageDistributionId"], null)
}

output "page_user_pool_id" {
  description = "The people who may open the hosted page."
  value       = try(aws_cloudformation_stack.thriftline.outputs["PageUserPoolId"], null)
}

output "page_client_id" {
  description = "The hosted page to its user pool."
  value       = try(aws_cloudformation_stack.thriftline.outputs["PageClientId"], null)
}

output "page_identity_pool_id" {
  description = "Where the hosted page has its AWS credentials from."
  value       = try(aws_cloudformation_stack.thriftline.outputs["PageIdentityPoolId"], null)
}

output "page_login_url" {
  description = "Where people sign in to the hosted page."
  value       = try(aws_cloudformation_stack.thriftline.outputs["PageLoginUrl"], null)
}

output "upload_dead_letter_queue_url" {
  description = "Upload events that could not start a workflow."
  value       = try(aws_cloudformation_stack.thriftline.outputs["UploadDeadLetterQueueUrl"], null)
}
