# Written by tools/write_terraform_variables.py from template.yaml: run `make docs`.

variable "default_base_model" {
  description = "Base model of runs that name none: a hub id, or s3://bucket/prefix/ of a Hugging Face model folder in the artifacts bucket under base_models/ (then training has no network)."
  type        = string
  default     = "distilbert/distilbert-base-uncased"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$|^s3://[a-z0-9.-]{3,63}/\\S+/$", var.default_base_model))
    error_message = "A hub id such as org/name, or s3://bucket/prefix/ with the last slash."
  }
}

variable "default_base_model_revision" {
  description = "Commit of the model hub at which DefaultBaseModel is loaded, 40 hexadecimal digits; empty for the one that comes with this version (distilbert/distilbert-base-uncased has one), else for what the branch main holds when a job starts."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^[0-9a-f]{40}$", var.default_base_model_revision))
    error_message = "It has to match ^$|^[0-9a-f]{40}$."
  }
}

variable "default_instance_type" {
  description = "SageMaker training instance type of runs that name none."
  type        = string
  default     = "ml.g5.xlarge"
  nullable    = false

  validation {
    condition     = can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", var.default_instance_type))
    error_message = "It has to match ^ml\\.[a-z0-9-]+\\.[a-z0-9]+$."
  }
}

variable "default_max_usd" {
  description = "Dollar cap of runs that name none; a more expensive worst case is refused."
  type        = string
  default     = "10.00"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{1,6}(\\.[0-9]{1,2})?$", var.default_max_usd))
    error_message = "Dollars such as 10 or 2.50."
  }
}

variable "max_usd_per_run" {
  description = "Most dollars that one run may cost at the worst, whatever its run.yaml says."
  type        = string
  default     = "100.00"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{1,6}(\\.[0-9]{1,2})?$", var.max_usd_per_run))
    error_message = "Dollars such as 10 or 2.50."
  }
}

variable "max_usd_per_month" {
  description = "Budget of a calendar month (UTC) for the whole stack: a run starts only when its worst case fits what is left of it. 0 stops all new runs."
  type        = string
  default     = "1000.00"
  nullable    = false

  validation {
    condition     = can(regex("^(0|[1-9][0-9]{0,6})(\\.[0-9]{1,2})?$", var.max_usd_per_month))
    error_message = "Dollars such as 100 or 2500."
  }
}

variable "project_budgets" {
  description = "JSON object of projects that have a budget of their own for a calendar month, such as {\"reviews\": 200}, within MaxUsdPerMonth."
  type        = string
  default     = "{}"
  nullable    = false

  validation {
    condition     = can(regex("^\\{.*\\}$", var.project_budgets))
    error_message = "It has to match ^\\{.*\\}$."
  }
}

variable "external_spend" {
  description = "Whether what SageMaker cost outside Thriftline in this account and region counts in MaxUsdPerMonth; Cost Explorer is asked once a day, for 0.01 USD."
  type        = string
  default     = "counted"
  nullable    = false

  validation {
    condition     = contains(["counted", "ignored"], var.external_spend)
    error_message = "One of: counted, ignored."
  }
}

variable "stop_runs_at_budget" {
  description = "Whether training jobs that this stack has started are stopped within the hour when MaxUsdPerMonth is spent. New runs are refused then in any case. A budget of 0 refuses new runs and stops nothing."
  type        = string
  default     = "off"
  nullable    = false

  validation {
    condition     = contains(["off", "on"], var.stop_runs_at_budget)
    error_message = "One of: off, on."
  }
}

variable "trainers" {
  description = "Ways to train that runs may take, with commas between them: sagemaker, bedrock. Data go to no service that is not named, and what only bedrock needs exists only where it is."
  type        = list(string)
  default     = ["sagemaker", "bedrock"]
  nullable    = false

  validation {
    condition     = alltrue([for one in var.trainers : can(regex("^[a-z][a-z0-9_]*$", one))])
    error_message = "It has to match ^[a-z][a-z0-9_]*$."
  }
}

variable "allowed_instance_types" {
  description = "Instance types that runs may ask for, with commas between them and * allowed."
  type        = string
  default     = "ml.*"
  nullable    = false

  validation {
    condition     = can(regex("^ml\\.[a-z0-9.*-]+( *, *ml\\.[a-z0-9.*-]+)*$", var.allowed_instance_types))
    error_message = "It has to match ^ml\\.[a-z0-9.*-]+( *, *ml\\.[a-z0-9.*-]+)*$."
  }
}

variable "least_gate_confidence" {
  description = "Least confidence that a run.yaml may ask of the promotion gate."
  type        = string
  default     = "0.80"
  nullable    = false

  validation {
    condition     = can(regex("^0\\.[0-9]{1,4}$", var.least_gate_confidence))
    error_message = "It has to match ^0\\.[0-9]{1,4}$."
  }
}

variable "least_gate_test_size" {
  description = "Fewest test records on which a run.yaml may let the gate approve."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.least_gate_test_size >= 1 && var.least_gate_test_size <= 100000 && floor(var.least_gate_test_size) == var.least_gate_test_size
    error_message = "A whole number from 1 to 100000."
  }
}

variable "most_gate_margin" {
  description = "How much worse than the champion a run.yaml may let a model be."
  type        = string
  default     = "0.10"
  nullable    = false

  validation {
    condition     = can(regex("^(0(\\.[0-9]{1,4})?|1)$", var.most_gate_margin))
    error_message = "It has to match ^(0(\\.[0-9]{1,4})?|1)$."
  }
}

variable "gate_above_majority" {
  description = "Whether a run.yaml may approve a first model that does not beat the most frequent label."
  type        = string
  default     = "required"
  nullable    = false

  validation {
    condition     = contains(["required", "optional"], var.gate_above_majority)
    error_message = "One of: required, optional."
  }
}

variable "approval_above_usd" {
  description = "A person is asked before a run may start whose worst case is above it; empty for never."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([0-9]{1,6}(\\.[0-9]{1,2})?)?$", var.approval_above_usd))
    error_message = "Dollars such as 10 or 2.50, or nothing."
  }
}

variable "approval_hours" {
  description = "Hours that a person may take to answer; then the run is rejected."
  type        = number
  default     = 72
  nullable    = false

  validation {
    condition     = var.approval_hours >= 1 && var.approval_hours <= 720 && floor(var.approval_hours) == var.approval_hours
    error_message = "A whole number from 1 to 720."
  }
}

variable "approval_base_url" {
  description = "Where links to approvals lead, such as a route of an API to the function AnswerApproval; empty while there is none, then the message shows a command."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(https://[^\\s?#]+)?$", var.approval_base_url))
    error_message = "An https address without a query, or nothing."
  }
}

variable "training_image_tag" {
  description = "Tag of the training image in the stack's ECR repository."
  type        = string
  default     = "0.1.0"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.training_image_tag))
    error_message = "It has to match ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$."
  }
}

variable "training_subnet_ids" {
  description = "Subnets of SageMaker's training jobs, with commas between them; empty for AWS's own network. A run that reads its data through a file system needs them. TrainingSecurityGroupIds then names their groups."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.training_subnet_ids : can(regex("^$|^subnet-[0-9a-z]+$", one))])
    error_message = "It has to match ^$|^subnet-[0-9a-z]+$."
  }
}

variable "training_security_group_ids" {
  description = "Security groups of these jobs, one to five; empty without TrainingSubnetIds."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.training_security_group_ids : can(regex("^$|^sg-[0-9a-z]+$", one))])
    error_message = "It has to match ^$|^sg-[0-9a-z]+$."
  }
}

variable "training_express_buckets" {
  description = "Directory buckets of S3 Express One Zone that training.input of a run.yaml may name, with commas between them; empty for none. A run writes its splits there, and deletes them."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.training_express_buckets : can(regex("^$|^[a-z0-9][a-z0-9-]*--[a-z]+[0-9]+-az[0-9]+--x-s3$", one))])
    error_message = "It has to match ^$|^[a-z0-9][a-z0-9-]*--[a-z]+[0-9]+-az[0-9]+--x-s3$."
  }
}

variable "bedrock_subnet_ids" {
  description = "Subnets through which Bedrock's customization jobs read and write, with commas between them; empty for AWS's own network. BedrockSecurityGroupIds then names their groups."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.bedrock_subnet_ids : can(regex("^$|^subnet-[0-9a-z]+$", one))])
    error_message = "It has to match ^$|^subnet-[0-9a-z]+$."
  }
}

variable "bedrock_security_group_ids" {
  description = "Security groups of these jobs, one to five; empty without BedrockSubnetIds."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.bedrock_security_group_ids : can(regex("^$|^sg-[0-9a-z]+$", one))])
    error_message = "It has to match ^$|^sg-[0-9a-z]+$."
  }
}

variable "raw_data_buckets" {
  description = "Names of further buckets that prepare.source of a run.yaml may name, with commas between them. Only read; their own policies must allow it where they are another account's."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.raw_data_buckets : can(regex("^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", one))])
    error_message = "It has to match ^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$."
  }
}

variable "preparation_engines" {
  description = "Services of AWS that may prepare raw data, with commas between them: emr_serverless, sagemaker_processing; none for neither. What is made for them costs nothing while no run uses it."
  type        = list(string)
  default     = ["emr_serverless", "sagemaker_processing"]
  nullable    = false

  validation {
    condition     = alltrue([for one in var.preparation_engines : can(regex("^(none|[a-z][a-z0-9_]*)$", one))])
    error_message = "It has to match ^(none|[a-z][a-z0-9_]*)$."
  }
}

variable "preparation_max_vcpus" {
  description = "Most vCPUs that EMR Serverless may use at a time for all runs of the stack, with 4 GB of memory each. The account's own quota is 16 until AWS raises it."
  type        = string
  default     = "64"
  nullable    = false

  validation {
    condition     = contains(["8", "16", "32", "64", "128", "256", "512", "1024"], var.preparation_max_vcpus)
    error_message = "One of: 8, 16, 32, 64, 128, 256, 512, 1024."
  }
}

variable "preparation_release" {
  description = "Release of EMR Serverless, such as emr-7.11.0 (Spark 3.5)."
  type        = string
  default     = "emr-7.11.0"
  nullable    = false

  validation {
    condition     = can(regex("^emr-[a-z0-9.-]+$", var.preparation_release))
    error_message = "It has to match ^emr-[a-z0-9.-]+$."
  }
}

variable "preparation_archive" {
  description = "Packed Python environment with numpy, pandas and pyarrow for EMR Serverless, s3://bucket/key.tar.gz (venv-pack on Amazon Linux). Without it the release's own Python is used."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^s3://[a-z0-9.-]{3,63}/\\S+\\.tar\\.gz$", var.preparation_archive))
    error_message = "s3://bucket/key.tar.gz, or empty."
  }
}

variable "preparation_image" {
  description = "Image in ECR for EMR Serverless, made from AWS's own of the same release, instead of an archive. Its repository must let emr-serverless.amazonaws.com pull."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[a-z0-9._/-]+(:[A-Za-z0-9._-]+|@sha256:[a-f0-9]{64})$", var.preparation_image))
    error_message = "An image in ECR with its tag or digest, or empty."
  }
}

variable "spark_processing_image" {
  description = "Tag of AWS's image sagemaker-spark-processing, or the URI of an image of your own in ECR that is made from it."
  type        = string
  default     = "3.5-cpu-py39-v1.0"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._-]*$|^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[a-z0-9._/-]+(:[A-Za-z0-9._-]+|@sha256:[a-f0-9]{64})$", var.spark_processing_image))
    error_message = "A tag such as 3.5-cpu-py39-v1.0, or an image in ECR."
  }
}

variable "databricks_secret_arn" {
  description = "ARN of a secret of Secrets Manager that holds JSON with host, client_id and client_secret: a Databricks workspace, and the service principal that prepares raw data there. Without it no data goes to Databricks."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$", var.databricks_secret_arn))
    error_message = "The ARN of a secret, or empty."
  }
}

variable "databricks_usd_per_dbu" {
  description = "Dollars of a DBU of jobs compute in the contract, such as 0.15. Where it is empty a run spec must say it, and Databricks is refused where neither does."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^[0-9]{1,4}(\\.[0-9]{1,6})?$", var.databricks_usd_per_dbu))
    error_message = "A number such as 0.15, or empty."
  }
}

variable "databricks_node_rates" {
  description = "JSON object of the hourly rates of node types: DBUs and EC2's on-demand dollars, such as {\"m5.xlarge\": {\"dbu_per_hour\": \"0.69\", \"ec2_usd_per_hour\": \"0.192\"}}. They hold in place of those of a run spec."
  type        = string
  default     = "{}"
  nullable    = false

  validation {
    condition     = can(regex("^\\{[\\s\\S]*\\}$", var.databricks_node_rates))
    error_message = "A JSON object, such as {}."
  }
}

variable "alert_email" {
  description = "E-mail address for messages about runs; empty for none. AWS asks it to confirm."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alert_email))
    error_message = "It has to match ^$|^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$."
  }
}

variable "project_members" {
  description = "JSON object of who may see a project and act for it through the API, such as {\"reviews\": [\"arn:aws:sts::*:assumed-role/Reviews/*\"]}; a project that is not named is everybody's who may call the API."
  type        = string
  default     = "{}"
  nullable    = false

  validation {
    condition     = can(regex("^\\{.*\\}$", var.project_members))
    error_message = "It has to match ^\\{.*\\}$."
  }
}

variable "chat_webhook_secret_arn" {
  description = "ARN of a secret of Secrets Manager that holds nothing but the address of an incoming webhook of Slack or Teams; empty for none. The address lets anybody write into the chat."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$", var.chat_webhook_secret_arn))
    error_message = "It has to match ^$|^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$."
  }
}

variable "chat_webhook_kind" {
  description = "Whose incoming webhook ChatWebhookSecretArn names."
  type        = string
  default     = "slack"
  nullable    = false

  validation {
    condition     = contains(["slack", "teams"], var.chat_webhook_kind)
    error_message = "One of: slack, teams."
  }
}

variable "amazon_q" {
  description = "Whether messages also go to a topic in the form of Amazon Q in chat applications; the output ChatTopicArn names it."
  type        = string
  default     = "off"
  nullable    = false

  validation {
    condition     = contains(["off", "on"], var.amazon_q)
    error_message = "One of: off, on."
  }
}

variable "slack_workspace_id" {
  description = "Slack workspace that was authorised in Amazon Q once by hand; with SlackChannelId and AmazonQ on, the stack connects the channel. Empty for none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^[0-9A-Z]{1,255}$", var.slack_workspace_id))
    error_message = "It has to match ^$|^[0-9A-Z]{1,255}$."
  }
}

variable "slack_channel_id" {
  description = "Channel of that workspace, such as C01234567; empty for none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^[A-Za-z0-9]{1,255}$", var.slack_channel_id))
    error_message = "It has to match ^$|^[A-Za-z0-9]{1,255}$."
  }
}

variable "hosted_page" {
  description = "Whether the page is also served by CloudFront, to people who sign in with a password of this stack's user pool and have no AWS credentials of their own; docs/page.md has the commands."
  type        = string
  default     = "off"
  nullable    = false

  validation {
    condition     = contains(["on", "off"], var.hosted_page)
    error_message = "One of: on, off."
  }
}

variable "hosted_page_mfa" {
  description = "Whether people who sign in to the hosted page must add the code of an authenticator app."
  type        = string
  default     = "OFF"
  nullable    = false

  validation {
    condition     = contains(["OFF", "ON"], var.hosted_page_mfa)
    error_message = "One of: OFF, ON."
  }
}

variable "kms_key_arn" {
  description = "ARN of a KMS key of yours for buckets, volumes and outputs; empty for keys that AWS manages. Its key policy must let this account's IAM policies grant its use, CloudWatch use it for the alarms, and CloudWatch Logs for the log groups (see the README)."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "It has to match ^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$."
  }
}

variable "settle_seconds" {
  description = "How long the files of one data set may take to be complete, in seconds."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.settle_seconds >= 1 && var.settle_seconds <= 3600 && floor(var.settle_seconds) == var.settle_seconds
    error_message = "A whole number from 1 to 3600."
  }
}

variable "single_pass_mib" {
  description = "Data sets up to this size are validated by one Lambda in one pass."
  type        = number
  default     = 2048
  nullable    = false

  validation {
    condition     = var.single_pass_mib >= 1 && var.single_pass_mib <= 8192 && floor(var.single_pass_mib) == var.single_pass_mib
    error_message = "A whole number from 1 to 8192."
  }
}

variable "range_mib" {
  description = "Size of the byte ranges that a larger data set is split into."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.range_mib >= 1 && var.range_mib <= 4096 && floor(var.range_mib) == var.range_mib
    error_message = "A whole number from 1 to 4096."
  }
}

variable "audit_mode" {
  description = "The most that an audit may do: say, mark idle endpoints for their end, or act. What may mark or act exists only when this says so."
  type        = string
  default     = "report"
  nullable    = false

  validation {
    condition     = contains(["report", "mark", "act"], var.audit_mode)
    error_message = "One of: report, mark, act."
  }
}

variable "audit_schedules" {
  description = "Whether the two schedules below start audits; by hand they always start."
  type        = string
  default     = "ENABLED"
  nullable    = false

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.audit_schedules)
    error_message = "One of: ENABLED, DISABLED."
  }
}

variable "audit_schedule" {
  description = "When the whole audit starts, in UTC."
  type        = string
  default     = "cron(0 6 * * ? *)"
  nullable    = false

  validation {
    condition     = can(regex("^(cron|rate)\\(.+\\)$", var.audit_schedule))
    error_message = "It has to match ^(cron|rate)\\(.+\\)$."
  }
}

variable "idle_schedule" {
  description = "When endpoints are looked at."
  type        = string
  default     = "rate(1 hour)"
  nullable    = false

  validation {
    condition     = can(regex("^(cron|rate)\\(.+\\)$", var.idle_schedule))
    error_message = "It has to match ^(cron|rate)\\(.+\\)$."
  }
}

variable "audit_regions" {
  description = "Regions to audit, with commas between them; empty for the stack's own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^[a-z0-9-]+( *, *[a-z0-9-]+)*$", var.audit_regions))
    error_message = "It has to match ^$|^[a-z0-9-]+( *, *[a-z0-9-]+)*$."
  }
}

variable "audit_accounts" {
  description = "Accounts to audit, with commas between them; empty for the stack's own."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^$|^[0-9]{12}( *, *[0-9]{12})*$", var.audit_accounts))
    error_message = "It has to match ^$|^[0-9]{12}( *, *[0-9]{12})*$."
  }
}

variable "audit_role_name" {
  description = "Role that audits assume in other accounts (docs/member_account.yaml makes it)."
  type        = string
  default     = "thriftline-audit"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.audit_role_name))
    error_message = "It has to match ^[A-Za-z0-9+=,.@_-]{1,64}$."
  }
}

variable "act_role_name" {
  description = "Role that actions assume in other accounts; marking and restoring have its name with -mark and -restore behind it (docs/member_account.yaml makes them)."
  type        = string
  default     = "thriftline-act"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.act_role_name))
    error_message = "It has to match ^[A-Za-z0-9+=,.@_-]{1,64}$."
  }
}

variable "restorable_role_arns" {
  description = "ARNs of the roles that a restore may give to a model or an endpoint's config, with commas between them and * allowed behind a name or a path; empty for none. Needed only where somebody has deleted the model or the config too."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.restorable_role_arns : can(regex("^$|^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+\\*?$", one))])
    error_message = "ARNs such as arn:aws:iam::111122223333:role/hosting-*; all roles cannot be named."
  }
}

variable "audit_parameters" {
  description = "JSON object of thresholds that differ from the defaults, such as {\"idle_window_days\": 14}; the names are in docs/audit_rules/."
  type        = string
  default     = "{}"
  nullable    = false

  validation {
    condition     = can(regex("^\\{.*\\}$", var.audit_parameters))
    error_message = "It has to match ^\\{.*\\}$."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "One of: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731."
  }
}

variable "noncurrent_version_days" {
  description = "Days that overwritten or deleted uploads and results are kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 1 && var.noncurrent_version_days <= 3650 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "A whole number from 1 to 3650."
  }
}

variable "run_retention_days" {
  description = "Days that a run's record, its results and its pages are kept after its end; 0 keeps them. The models of the registry stay."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.run_retention_days >= 0 && var.run_retention_days <= 3650 && floor(var.run_retention_days) == var.run_retention_days
    error_message = "A whole number from 0 to 3650."
  }
}

variable "capture_days" {
  description = "Most days that captured requests of endpoints are kept, whatever serve.yaml says."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.capture_days >= 1 && var.capture_days <= 3650 && floor(var.capture_days) == var.capture_days
    error_message = "A whole number from 1 to 3650."
  }
}

variable "log_level" {
  description = "Least level of log lines."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "One of: DEBUG, INFO, WARNING, ERROR."
  }
}
