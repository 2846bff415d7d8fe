#!/usr/bin/env bash
# plan: packages the template and makes a change set, which changes nothing, and shows it.
# discard, execute: what becomes of it.  drift: fails if somebody changed a resource by hand.
set -euo pipefail

summary="${GITHUB_STEP_SUMMARY:-/dev/stderr}"
output="${GITHUB_OUTPUT:-/dev/stderr}"

plan() {
  "$SAM" package --s3-bucket "$BUCKET" --s3-prefix "$STACK" --output-template-file packaged.yaml
  local key="$STACK/templates/$NAME.yaml"
  aws s3 cp --only-show-errors packaged.yaml "s3://$BUCKET/$key"
  # A parameter that is not in the file gets its default: the file is all that is said.
  aws cloudformation create-change-set --stack-name "$STACK" --change-set-name "$NAME" \
    --template-url "https://$BUCKET.s3.$AWS_REGION.amazonaws.com/$key" \
    --parameters file://deploy/github/parameters.json \
    --capabilities CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND \
    --role-arn "$CLOUDFORMATION_ROLE" > /dev/null
  if ! aws cloudformation wait change-set-create-complete --stack-name "$STACK" \
    --change-set-name "$NAME"; then
    reason=$(describe StatusReason)
    case "$reason" in
      *"didn't contain changes"* | *"No updates are to be performed"*)
        echo "No changes." | tee -a "$summary"
        discard
        echo "changes=false" >> "$output"
        return
        ;;
    esac
    echo "$reason" >&2
    exit 1
  fi
  {
    echo "### Changes of $STACK"
    echo '```'
    aws cloudformation describe-change-set --stack-name "$STACK" --change-set-name "$NAME" \
      --query 'Changes[].ResourceChange.[Action, LogicalResourceId, ResourceType, Replacement]' \
      --output text
    echo '```'
  } | tee -a "$summary"
  echo "changes=true" >> "$output"
  echo "name=$NAME" >> "$output"
}

describe() {
  aws cloudformation describe-change-set --stack-name "$STACK" --change-set-name "$NAME" \
    --query "$1" --output text
}

discard() {
  aws cloudformation delete-change-set --stack-name "$STACK" --change-set-name "$NAME"
}

execute() {
  # CloudFormation refuses a change set that another change has overtaken.
  aws cloudformation execute-change-set --stack-name "$STACK" --change-set-name "$NAME"
  aws cloudformation wait stack-update-complete --stack-name "$STACK"
}

drift() {
  local id status="DETECTION_IN_PROGRESS"
  id=$(aws cloudformation detect-stack-drift --stack-name "$STACK" \
    --query StackDriftDetectionId --output text)
  while [ "$status" = DETECTION_IN_PROGRESS ]; do
    sleep 10
    status=$(aws cloudformation describe-stack-drift-detection-status \
      --stack-drift-detection-id "$id" --query DetectionStatus --output text)
  done
  aws cloudformation describe-stack-resource-drifts --stack-name "$STACK" \
    --stack-resource-drift-status-filters MODIFIED DELETED \
    --query 'StackResourceDrifts[].[StackResourceDriftStatus, LogicalResourceId]' --output text |
    tee -a "$summary" drifted.txt
  # Some resources could not be looked at: then nothing is known of them, which is no good news.
  [ "$status" = DETECTION_COMPLETE ] || { echo "The detection ended as $status." >&2; exit 1; }
  if [ -s drifted.txt ]; then
    echo "The stack is not what the template says." >&2
    exit 1
  fi
}

case "${1:-}" in
  plan | discard | execute | drift) "$1" ;;
  *)
    echo "usage: $0 plan|discard|execute|drift" >&2
    exit 2
    ;;
esac
