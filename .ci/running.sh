# How .ci/run runs its steps, and what it says of those that could not run. Sourced, from the root of the repository.
# shellcheck shell=bash

began=$SECONDS
skipped=$PWD/target/ci-skipped # a line for each step, or part of one, that was skipped: its name, a tab, the reason
step_names=()
mkdir -p target
: >"$skipped"

step() { # step NAME COMMAND…: runs the command under a heading and says how long it took
  step_name=$1
  local at=$SECONDS code
  shift
  step_names+=("$step_name")
  printf '\n=== %s\n' "$step_name"
  # In a shell of its own and not behind `||`, where bash would no longer stop at the first command that fails.
  set +e
  (set -e; "$@")
  code=$?
  set -e
  if [ "$code" != 0 ]; then
    printf '=== %s: FAILED (exit code %d) after %d s\n' "$step_name" "$code" $((SECONDS - at))
    exit "$code"
  fi
  printf '=== %s: ok, %d s (%d s in all)\n' "$step_name" $((SECONDS - at)) $((SECONDS - began))
}

skip() { # skip REASON: this step, or the part of it that comes now, cannot run here; the run's last lines say so
  printf '%s\t%s\n' "$step_name" "$1" >>"$skipped"
  echo "skipped: $1"
}

# The run's last lines: what did not run, and why. Anybody may skip what their machine lacks, unless CI_MAY_SKIP is set:
# it has the names of the steps that may be skipped, one on each line, and any other that was skipped fails the run.
ended() {
  local name reason wrong=0 may=${CI_MAY_SKIP-}
  printf '\n'
  while IFS=$'\t' read -r name reason; do
    if [ -z "${CI_MAY_SKIP+set}" ] || grep -qxF -- "$name" <<<"$may"; then
      printf 'skipped: %s: %s\n' "$name" "$reason"
    else
      printf 'FAILED, skipped although it has to run here: %s: %s\n' "$name" "$reason"
      wrong=1
    fi
  done <"$skipped"
  while IFS= read -r name; do
    [ -z "$name" ] || printf '%s\n' "${step_names[@]}" | grep -qxF -- "$name" ||
      { printf 'FAILED, CI_MAY_SKIP names no step: %s\n' "$name"; wrong=1; }
  done <<<"$may"
  if [ "$wrong" = 0 ]; then
    printf 'all steps passed in %d s' $((SECONDS - began))
    [ ! -s "$skipped" ] || printf ', but for what was skipped'
    printf '\n'
  fi
  return "$wrong"
}
