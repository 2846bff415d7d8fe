# shellcheck shell=bash
# Sourced by run.sh: the training image, built of its Dockerfile.
#
#   build_training_image WHEELS   builds it and exports its name; the folder keeps downloaded wheels
#
# The base is the Dockerfile's own where the engine has it or its registry lets us in, one that is
# named by THRIFTLINE_TRAINING_BASE, or else a stand-in that is made of this machine's Python.

build_training_image() {
  local base network=host
  base=${THRIFTLINE_TRAINING_BASE:-$(sed -nE 's/^ARG BASE_IMAGE=//p' training_image/Dockerfile)}
  if [[ -z ${THRIFTLINE_TRAINING_BASE:-} ]] && ! has_image "$base"; then
    say "training image: its base is a stand-in, for AWS's cannot be pulled here"
    # The stand-in brings the wheels along: the build needs no network.
    network=none
    base=$(.venv/bin/python tests/containers/training_base.py thriftline-training-base "$1" \
      2>"$WORK/training_base.log") || {
      cat "$WORK/training_base.log" >&2
      fail "no base for the training image"
    }
  fi
  export THRIFTLINE_TRAINING_IMAGE=thriftline-training:test
  docker build --network "$network" --build-arg BASE_IMAGE="$base" \
    --build-arg FLOATING_BASE=allowed \
    --tag "$THRIFTLINE_TRAINING_IMAGE" training_image >"$WORK/training_image.log" 2>&1 || {
    tail -n 40 "$WORK/training_image.log" >&2
    fail "docker build training_image failed"
  }
  say "training image: built from $base"
  remove_older_bases "$base"
}

# Is the image here, or can it be pulled? The registry is asked first, which takes a second where
# there is no way to it or no leave to pull; the image itself is some gigabytes.
has_image() {
  docker image inspect "$1" >/dev/null 2>&1 || {
    timeout 20 docker manifest inspect "$1" >/dev/null 2>&1 &&
      timeout 600 docker pull --quiet "$1" >"$WORK/training_pull.log" 2>&1
  }
}

# What older requirements and packages left in an engine of our own would stay for ever. Of the
# Pythons the newest is kept, which images come first.
remove_older_bases() {
  [[ -n $ENGINE_PID ]] || return 0
  local image
  for image in $(
    docker image ls --format '{{.Repository}}:{{.Tag}}' thriftline-training-base | grep -vxF "$1"
    docker image ls --format '{{.Repository}}:{{.Tag}}' 'thriftline-training-base-python-*' | tail -n +2
  ); do
    docker image rm "$image" >/dev/null 2>&1 || true
  done
  docker image prune --force >/dev/null
}
