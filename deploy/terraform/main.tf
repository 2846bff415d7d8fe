terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "stack_name" {
  description = "Name of the stack; buckets and functions begin with it."
  type        = string
  default     = "thriftline"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,24}$", var.stack_name))
    error_message = "Small letters, digits and hyphens, at most 25, a letter first."
  }
}

variable "template_url" {
  description = "https address in S3 of the packaged template: packaged.yaml, which sam package wrote. A new version needs a new address."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^https://[^ ]+$", var.template_url))
    error_message = "An https address, such as https://BUCKET.s3.REGION.amazonaws.com/thriftline/0.1.0.yaml."
  }
}

variable "tags" {
  description = "Tags of the stack and of all that it makes."
  type        = map(string)
  default     = {}
  nullable    = false
}

# The template is above the 51,200 bytes that CloudFormation takes in a call, so it has an address.
# Endpoints are not here: `thriftline endpoints deploy` makes and changes them, and sees what
# Terraform does not, that an endpoint is in service again after a silent rollback.
resource "aws_cloudformation_stack" "thriftline" {
  name         = var.stack_name
  template_url = var.template_url
  capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
  parameters   = local.parameters
  tags         = var.tags

  timeouts {
    create = "60m"
    update = "60m"
    delete = "60m"
  }
}
