"""What a function is told by its environment, asked for by name when it is needed."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from thriftline.core.dataclass import dataclass
from thriftline.core.tags import STACK_TAG


@dataclass(frozen=True)
class Settings:
    """A view of the environment. A function is given only the variables that it needs.

    Every property raises ``RuntimeError`` that names the variable when it is not set.
    """

    environment: Mapping[str, str]

    def _require(self, name: str) -> str:
        value = self.environment.get(name)
        if not value:
            raise RuntimeError(f"The environment variable {name} is not set; see template.yaml.")
        return value

    @property
    def region(self) -> str:
        """Region of the function and of everything it names."""
        return self._require("AWS_REGION")

    @property
    def data_bucket(self) -> str:
        """Bucket that people upload to."""
        return self._require("DATA_BUCKET")

    @property
    def raw_data_buckets(self) -> tuple[str, ...]:
        """Further buckets that raw data may lie in."""
        return self._list("RAW_DATA_BUCKETS")

    @property
    def preparation_program(self) -> str:
        """File of the program that prepares data."""
        return self._require("PREPARATION_PROGRAM")

    @property
    def artifacts_bucket(self) -> str:
        """Bucket that Thriftline writes to."""
        return self._require("ARTIFACTS_BUCKET")

    @property
    def runs_table(self) -> str:
        """DynamoDB table with one item for each run."""
        return self._require("RUNS_TABLE")

    @property
    def ledger_table(self) -> str:
        """DynamoDB table with one item for each month."""
        return self._require("LEDGER_TABLE")

    @property
    def endpoints_table(self) -> str:
        """DynamoDB table of endpoints, their versions, deployments and experiments."""
        return self._require("ENDPOINTS_TABLE")

    @property
    def training_machine_arn(self) -> str:
        """State machine that trains."""
        return self._require("TRAINING_MACHINE_ARN")

    @property
    def requests_table(self) -> str:
        """DynamoDB table of requests to the API that came with a key."""
        return self._require("REQUESTS_TABLE")

    @property
    def project_members(self) -> str:
        """JSON object of who may act for which project."""
        return self._require("PROJECT_MEMBERS")

    @property
    def page_user_pool(self) -> str:
        """User pool of the hosted page; empty where there is none."""
        return self.environment.get("PAGE_USER_POOL", "")

    @property
    def serving_role_arn(self) -> str:
        """Execution role of the endpoints."""
        return self._require("SERVING_ROLE_ARN")

    @property
    def alerts_topic_arn(self) -> str:
        """SNS topic for messages to people."""
        return self._require("ALERTS_TOPIC_ARN")

    @property
    def amazon_q_queue_arn(self) -> str:
        """Queue of the messages for Amazon Q; empty where there is none."""
        return self.environment.get("AMAZON_Q_QUEUE_ARN", "")

    @property
    def chat_topic_arn(self) -> str:
        """SNS topic that Amazon Q in chat applications listens to."""
        return self._require("CHAT_TOPIC_ARN")

    @property
    def chat_webhook_secret_arn(self) -> str:
        """Secret that holds the address of the chat's incoming webhook."""
        return self._require("CHAT_WEBHOOK_SECRET_ARN")

    @property
    def chat_webhook_kind(self) -> Literal["slack", "teams"]:
        """Whose incoming webhook it is."""
        return "teams" if self._require("CHAT_WEBHOOK_KIND") == "teams" else "slack"

    @property
    def event_bus(self) -> str:
        """EventBridge bus for events to other systems."""
        return self._require("EVENT_BUS")

    @property
    def training_role_arn(self) -> str:
        """Execution role of the training jobs."""
        return self._require("TRAINING_ROLE_ARN")

    @property
    def bedrock_role_arn(self) -> str:
        """Role by which Bedrock reads training data and writes what a job leaves."""
        return self._require("BEDROCK_ROLE_ARN")

    @property
    def judge_role_arn(self) -> str:
        """Role by which Bedrock reads answers that a model judges; empty where there is none."""
        return self.environment.get("JUDGE_ROLE_ARN", "")

    @property
    def grader_arn(self) -> str | None:
        """Lambda function that grades answers for reinforcement; None where there is none."""
        return self.environment.get("GRADER_ARN") or None

    @property
    def sweep_bedrock_arn(self) -> str:
        """Function that takes away what is left on Bedrock."""
        return self._require("SWEEP_BEDROCK_ARN")

    @property
    def schedule_group(self) -> str:
        """Group of the schedules by which endpoints sleep and wake."""
        return self._require("SCHEDULE_GROUP")

    @property
    def schedule_machine_arn(self) -> str:
        """State machine that these schedules start."""
        return self._require("SCHEDULE_MACHINE_ARN")

    @property
    def schedule_role_arn(self) -> str:
        """Role by which a schedule calls its function, or starts its state machine."""
        return self._require("SCHEDULE_ROLE_ARN")

    @property
    def deploy_machine_arn(self) -> str:
        """State machine that rolls a version out, or back."""
        return self._require("DEPLOY_MACHINE_ARN")

    @property
    def compare_machine_arn(self) -> str:
        """State machine that compares two versions on live traffic."""
        return self._require("COMPARE_MACHINE_ARN")

    @property
    def audit_machine_arn(self) -> str:
        """State machine of the cost audit."""
        return self._require("AUDIT_MACHINE_ARN")

    @property
    def restore_machine_arn(self) -> str | None:
        """State machine that brings an endpoint back; None where the stack may not act."""
        return self.environment.get("RESTORE_MACHINE_ARN") or None

    @property
    def restore_function(self) -> str | None:
        """Name of the function that brings an endpoint back; None where the stack may not act."""
        return self.environment.get("RESTORE_FUNCTION") or None

    @property
    def preview_function(self) -> str:
        """Name of the function that says what a deployment would do and cost."""
        return self._require("PREVIEW_FUNCTION")

    @property
    def change_schedule_function(self) -> str:
        """Name of the function that gives an endpoint a schedule."""
        return self._require("CHANGE_SCHEDULE_FUNCTION")

    @property
    def bedrock_subnet_ids(self) -> tuple[str, ...]:
        """Subnets of these jobs; none for AWS's own network."""
        return self._list("BEDROCK_SUBNET_IDS")

    @property
    def bedrock_security_group_ids(self) -> tuple[str, ...]:
        """Security groups of these jobs."""
        return self._list("BEDROCK_SECURITY_GROUP_IDS")

    @property
    def run_retention_days(self) -> int:
        """How long a run's record is kept after its end; 0 for ever."""
        return int(self._require("RUN_RETENTION_DAYS"))

    @property
    def training_subnet_ids(self) -> tuple[str, ...]:
        """Subnets of training jobs; none for AWS's own network."""
        return self._list("TRAINING_SUBNET_IDS")

    @property
    def training_security_group_ids(self) -> tuple[str, ...]:
        """Security groups of training jobs."""
        return self._list("TRAINING_SECURITY_GROUP_IDS")

    @property
    def training_express_buckets(self) -> tuple[str, ...]:
        """Directory buckets that a run's splits may be written to and read from."""
        return self._list("TRAINING_EXPRESS_BUCKETS")

    @property
    def training_image_uri(self) -> str:
        """The training image in ECR."""
        return self._require("TRAINING_IMAGE_URI")

    @property
    def emr_application_id(self) -> str:
        """Application of EMR Serverless that prepares data; empty where there is none."""
        return self.environment.get("EMR_APPLICATION_ID", "")

    @property
    def emr_job_role_arn(self) -> str:
        """Role of its job runs."""
        return self._require("EMR_JOB_ROLE_ARN")

    @property
    def processing_role_arn(self) -> str:
        """Role of processing jobs that prepare data; empty where there are none."""
        return self.environment.get("PROCESSING_ROLE_ARN", "")

    @property
    def spark_processing_image(self) -> str:
        """Tag of AWS's Spark image for processing jobs, or the URI of an image of one's own."""
        return self._require("SPARK_PROCESSING_IMAGE")

    @property
    def preparation_max_vcpus(self) -> int:
        """Most vCPUs that EMR Serverless may use at a time for the stack."""
        return int(self._require("PREPARATION_MAX_VCPUS"))

    @property
    def preparation_archive(self) -> str:
        """Packed Python environment of EMR Serverless in S3; empty for none."""
        return self.environment.get("PREPARATION_ARCHIVE", "")

    @property
    def preparation_image(self) -> str:
        """Image of the EMR Serverless application; empty for AWS's own."""
        return self.environment.get("PREPARATION_IMAGE", "")

    @property
    def kms_key_id(self) -> str | None:
        """Customer-managed key for volumes and outputs; None for S3- and service-managed keys."""
        return self.environment.get("KMS_KEY_ID") or None

    @property
    def default_base_model(self) -> str:
        """Base model of a run spec that names none."""
        return self._require("DEFAULT_BASE_MODEL")

    @property
    def default_base_model_revision(self) -> str | None:
        """Commit of that model in the hub; None for the one that comes with this version."""
        return self.environment.get("DEFAULT_BASE_MODEL_REVISION") or None

    @property
    def default_instance_type(self) -> str:
        """Instance type of a run spec that names none."""
        return self._require("DEFAULT_INSTANCE_TYPE")

    @property
    def default_max_usd(self) -> str:
        """Dollar cap of a run spec that names none."""
        return self._require("DEFAULT_MAX_USD")

    @property
    def max_usd_per_run(self) -> str:
        """Most dollars that one run may cost at the worst."""
        return self._require("MAX_USD_PER_RUN")

    @property
    def max_usd_per_month(self) -> str:
        """Budget of a calendar month for the whole stack."""
        return self._require("MAX_USD_PER_MONTH")

    @property
    def project_budgets(self) -> str:
        """JSON object of the projects' own budgets for a month."""
        return self._require("PROJECT_BUDGETS")

    @property
    def counts_external_spend(self) -> bool:
        """Whether what others spent counts in the month's budget."""
        return self._require("EXTERNAL_SPEND") == "counted"

    @property
    def stops_runs_at_budget(self) -> bool:
        """Whether the stack's own jobs are stopped when the month's budget is spent."""
        return self._require("STOP_RUNS_AT_BUDGET") == "on"

    @property
    def allowed_instance_types(self) -> tuple[str, ...]:
        """Instance types that runs may ask for, ``*`` allowed."""
        return self._list("ALLOWED_INSTANCE_TYPES")

    @property
    def trainers(self) -> tuple[str, ...]:
        """Ways to train that runs may take; data goes to no other service."""
        self._require("TRAINERS")
        return self._list("TRAINERS")

    @property
    def least_gate_confidence(self) -> float:
        """Least confidence of the gate."""
        return float(self._require("LEAST_GATE_CONFIDENCE"))

    @property
    def least_gate_test_size(self) -> int:
        """Fewest test records on which the gate may approve."""
        return int(self._require("LEAST_GATE_TEST_SIZE"))

    @property
    def most_gate_margin(self) -> float:
        """How much worse than the champion the gate may let a model be."""
        return float(self._require("MOST_GATE_MARGIN"))

    @property
    def gate_above_majority(self) -> bool:
        """Whether the gate must hold a first model against the most frequent label."""
        return self._require("GATE_ABOVE_MAJORITY") == "required"

    @property
    def approval_above_usd(self) -> Decimal | None:
        """Worst case above which a person is asked; None for never."""
        given = self.environment.get("APPROVAL_ABOVE_USD")
        return Decimal(given) if given else None

    @property
    def approval_wait(self) -> timedelta:
        """How long a person may take to answer."""
        return timedelta(hours=int(self._require("APPROVAL_HOURS")))

    @property
    def approval_base_url(self) -> str:
        """Where links to approvals lead; empty while there is no such page."""
        return self.environment.get("APPROVAL_BASE_URL") or ""

    @property
    def approval_secret_arn(self) -> str:
        """Secret that signs the links."""
        return self._require("APPROVAL_SECRET_ARN")

    @property
    def databricks_secret_arn(self) -> str | None:
        """Secret with the address of a Databricks workspace and who asks it; None for none."""
        return self.environment.get("DATABRICKS_SECRET_ARN") or None

    @property
    def databricks_usd_per_dbu(self) -> str | None:
        """Dollars of a DBU by the stack's contract; None where a run spec must say it."""
        return self.environment.get("DATABRICKS_USD_PER_DBU") or None

    @property
    def databricks_node_rates(self) -> str:
        """JSON object of the rates of Databricks's node types."""
        return self.environment.get("DATABRICKS_NODE_RATES") or "{}"

    @property
    def settle_seconds(self) -> int:
        """How long an upload of several files may take to be complete."""
        return int(self._require("SETTLE_SECONDS"))

    @property
    def single_pass_bytes(self) -> int:
        """Data sets up to this size are validated by one Lambda in one pass."""
        return int(self._require("SINGLE_PASS_MIB")) * 1024**2

    @property
    def range_bytes(self) -> int:
        """Size of the byte ranges that a larger data set is split into."""
        return int(self._require("RANGE_MIB")) * 1024**2

    @property
    def stack_name(self) -> str:
        """Name of the CloudFormation stack."""
        return self._require("STACK_NAME")

    @property
    def cost_tags(self) -> dict[str, str]:
        """Tags for cost allocation that every training job and model gets."""
        return {STACK_TAG: self.stack_name}

    @property
    def account_id(self) -> str:
        """Account that the stack is in."""
        return self._require("ACCOUNT_ID")

    @property
    def partition(self) -> str:
        """Partition of the account, such as ``aws``."""
        return self._require("PARTITION")

    @property
    def audit_mode(self) -> str:
        """The most that an audit may do: report, mark or act."""
        return self._require("AUDIT_MODE")

    @property
    def audit_parameters(self) -> str:
        """JSON object of the audit's parameters that the stack sets."""
        return self._require("AUDIT_PARAMETERS")

    @property
    def audit_regions(self) -> tuple[str, ...]:
        """Regions that an audit looks at when it is not told; the function's own when empty."""
        return self._list("AUDIT_REGIONS") or (self.region,)

    @property
    def audit_accounts(self) -> tuple[str, ...]:
        """Accounts that an audit looks at when it is not told; the stack's own when empty."""
        return self._list("AUDIT_ACCOUNTS") or (self.account_id,)

    @property
    def audit_role_name(self) -> str:
        """Role that audits assume in other accounts."""
        return self._require("AUDIT_ROLE_NAME")

    @property
    def act_role_name(self) -> str:
        """Role that actions assume in other accounts."""
        return self._require("ACT_ROLE_NAME")

    def _list(self, name: str) -> tuple[str, ...]:
        words = self.environment.get(name, "").split(",")
        return tuple(word.strip() for word in words if word.strip())
