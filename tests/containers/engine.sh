# shellcheck shell=bash
# Sourced by run.sh: a Docker engine for the length of one script.
#
#   start_engine FOLDER   uses the engine that answers, or starts one with its images in FOLDER
#   stop_engine           ends what start_engine started; an engine that was there stays as it was
#
# An engine of our own lives in mount and PID namespaces of its own and touches no firewall rule:
# when its first process ends, every process and mount of it is gone, even after kill -9.

ENGINE_PID=
ENGINE_RUN=
ENGINE_MADE_BRIDGE=

engine_answers() {
  command -v docker >/dev/null && timeout 10 docker version >/dev/null 2>&1
}

start_engine() {
  if engine_answers; then
    say "Docker engine $(docker version --format '{{.Server.Version}}') answers; it is used"
    return
  fi
  [[ $(uname -s) == Linux && $(id -u) == 0 ]] ||
    fail "no Docker engine answers${DOCKER_HOST:+ at $DOCKER_HOST}; start one, or run this as root on Debian or Ubuntu, where it can start its own"
  install_engine
  # The package may have started a service.
  unset DOCKER_HOST
  if engine_answers; then
    say "the Docker engine that was installed answers; it is used"
    return
  fi
  start_own_engine "$1"
}

install_engine() {
  local tool missing=
  for tool in docker dockerd ip; do
    command -v "$tool" >/dev/null || missing+=" $tool"
  done
  [[ -n $missing ]] || return 0
  command -v apt-get >/dev/null ||
    fail "missing:$missing; install a Docker engine (no apt-get here to do it with)"
  say "missing:$missing; installing docker.io and iproute2"
  {
    apt-get update -qq &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io iproute2
  } >"$WORK/apt.log" 2>&1 || fail "apt-get could not install docker.io: $(tail -n 1 "$WORK/apt.log")"
}

start_own_engine() {
  mkdir -p "$1"
  # A socket's path may have 107 characters, which a checkout's folder can exceed.
  ENGINE_RUN=$(mktemp -d -t engine.XXXXXX)
  ip link show docker0 >/dev/null 2>&1 || ENGINE_MADE_BRIDGE=yes
  export DOCKER_HOST=unix://$ENGINE_RUN/docker.sock
  # setpriv: when this script dies, unshare is killed, and with it everything in its namespaces.
  setpriv --pdeathsig KILL \
    unshare --mount --pid --mount-proc --fork --kill-child \
    dockerd --host "$DOCKER_HOST" --data-root "$1" --exec-root "$ENGINE_RUN/exec" \
    --pidfile "$ENGINE_RUN/dockerd.pid" --iptables=false --ip6tables=false --ip-forward=false \
    </dev/null >"$WORK/dockerd.log" 2>&1 &
  ENGINE_PID=$!
  local _
  for _ in {1..120}; do
    if engine_answers; then
      say "Docker engine $(docker version --format '{{.Server.Version}}') started, until the end of this script"
      return
    fi
    kill -0 "$ENGINE_PID" 2>/dev/null || break
    sleep 0.5
  done
  fail "dockerd did not start: $(grep -v level=info "$WORK/dockerd.log" | tail -n 1)"
}

stop_engine() {
  [[ -n $ENGINE_PID ]] || return 0
  local dockerd _
  dockerd=$(<"/proc/$ENGINE_PID/task/$ENGINE_PID/children") || true
  if [[ -n $dockerd ]] && kill -TERM "${dockerd% }" 2>/dev/null; then
    for _ in {1..40}; do
      kill -0 "$ENGINE_PID" 2>/dev/null || break
      sleep 0.5
    done
  fi
  kill -KILL "$ENGINE_PID" 2>/dev/null || true
  wait "$ENGINE_PID" 2>/dev/null || true
  [[ -z $ENGINE_MADE_BRIDGE ]] || ip link delete docker0 2>/dev/null || true
  rm -rf "$ENGINE_RUN"
  ENGINE_PID=
}
