#!/usr/bin/env bash
# make test-containers: builds the training image and runs it as SageMaker does; builds the
# functions with SAM and runs each of them in a container, on its sample event, against the embedded
# AWS, whose training jobs are containers of the training image.
#
# AWS's own base images are pulled where that works; else stand-ins are made of this machine's
# CPython. Images, wheels and logs stay in .thriftline/containers until `make clean`, so that it is
# quicker the next time. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."
WORK=$PWD/.thriftline/containers
export SAM_CLI_TELEMETRY=0

say() { echo "==> containers: $*"; }
fail() {
  echo "containers: $*" >&2
  exit 1
}

# shellcheck source=tests/containers/engine.sh
source tests/containers/engine.sh
# shellcheck source=tests/containers/training_image.sh
source tests/containers/training_image.sh

# Prints an interpreter of one version that can be copied and has pip.
find_python() {
  local candidate found
  for candidate in "$(command -v "python$1" || true)" ~/.pyenv/versions/"$1".*/bin/python"$1"; do
    # A version manager's shim is there even for versions that it does not run.
    if found=$("$candidate" -c 'import os, sys; print(os.path.realpath(sys.executable))' 2>/dev/null) &&
      "$found" -c 'import ctypes, pip, ssl' 2>/dev/null; then
      echo "$found"
      return
    fi
  done
  return 1
}

choose_python() {
  RUNTIME=$(sed -nE 's/^ *Runtime: python([0-9.]+)$/\1/p' template.yaml)
  local version
  for version in "$RUNTIME" 3.12; do
    if PYTHON=$(find_python "$version"); then
      TEMPLATE=template.yaml
      if [[ $version != "$RUNTIME" ]]; then
        say "no python$RUNTIME here: building and running on python$version instead"
        TEMPLATE=$WORK/template.yaml
        sed -E "s/^( *Runtime: python).*/\1$version/" template.yaml >"$TEMPLATE"
        RUNTIME=$version
      fi
      return
    fi
  done
  fail "sam build needs python$RUNTIME (or python3.12) on PATH or in ~/.pyenv/versions; install it"
}

choose_image() {
  local official
  official=$(.venv-sam/bin/python -c '
import sys
from samcli.local.docker.lambda_image import LambdaImage, Runtime
print(LambdaImage._INVOKE_REPO_PREFIX + "/" + Runtime.get_image_name_tag(sys.argv[1], "x86_64"))
' "python$RUNTIME")
  if docker image inspect "$official" >/dev/null 2>&1 ||
    timeout 180 docker pull --quiet "$official" >"$WORK/pull.log" 2>&1; then
    say "base image: AWS's own, $official"
    THRIFTLINE_LAMBDA_IMAGE=$official
  else
    say "base image: a stand-in, for $official cannot be pulled here"
    THRIFTLINE_LAMBDA_IMAGE=$("$PYTHON" tests/containers/lambda_base.py thriftline-lambda-base)
  fi
  export THRIFTLINE_LAMBDA_IMAGE
}

build() {
  # A build that failed once can leave a package without its dependencies: always from nothing.
  rm -rf "$WORK/build"
  say "sam build for python$RUNTIME"
  # All functions have one folder of code: SAM builds it once, and with this copies it for none.
  SAM_CLI_BETA_BUILD_PERFORMANCE=1 PATH=$(dirname "$PYTHON"):$PATH .venv-sam/bin/sam build \
    --template-file "$TEMPLATE" --base-dir "$PWD" --build-dir "$WORK/build" --no-cached \
    >"$WORK/build.log" 2>&1 || {
    cat "$WORK/build.log" >&2
    fail "sam build failed"
  }
  say "package: $(du -sm --apparent-size "$WORK"/build/*Function* | cut -f1) MiB unzipped (Lambda takes 250)"
  export THRIFTLINE_SAM_BUILD=$WORK/build
}

[[ -x .venv-sam/bin/sam && -x .venv/bin/pytest ]] || fail "run make test-containers: it makes .venv and .venv-sam"
mkdir -p "$WORK"
for name in "${!AWS_@}"; do unset "$name"; done
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export AWS_EC2_METADATA_DISABLED=true AWS_DEFAULT_REGION=us-east-1

choose_python
trap stop_engine EXIT
start_engine "$WORK/docker"
build_training_image "$WORK/wheels"
choose_image
build
say "the training image, and each function in a container of its own"
.venv/bin/pytest tests/containers --exitfirst -v --durations 10 "$@"
# It is made anew each time; after a failure they stay to be looked at.
rm -rf "$WORK/build"
