# The steps of .ci/run that are more than one command. Sourced, from the root of the repository.
# shellcheck shell=bash

tools=$PWD/target/ci-tools
recorded=$PWD/../shared/asl-recordings

python_tools() { # the linters, SAM CLI and cargo-lambda of .ci/requirements.txt, in a virtual environment
  [ -x "$tools/python/bin/pip" ] || python3 -m venv "$tools/python"
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check --requirement .ci/requirements.txt
  export PATH="$tools/python/bin:$PATH" SAM_CLI_TELEMETRY=0
}

up() { # up: starts the local services in the background and exports what they print; `down` ends them
  local log=$PWD/target/ci-up.log
  cargo run --quiet -- up --port 0 >"$log" 2>"$log.err" &
  up_pid=$!
  trap down EXIT
  for _ in $(seq 600); do
    grep -qx ready "$log" && break
    kill -0 "$up_pid" 2>/dev/null || { cat "$log" "$log.err"; return 1; }
    sleep 0.1
  done
  grep -qx ready "$log" || { echo "the local services were not ready within 60 s"; cat "$log" "$log.err"; return 1; }
  eval "$(grep '^export ' "$log")"
}

down() {
  trap - EXIT
  kill -INT "$up_pid" 2>/dev/null || true
  wait "$up_pid" 2>/dev/null || true
}

# A clone whose hello.py raises: the pipeline must fail with exit code 1 and the failure must say where and why.
broken_container() {
  local copy=$PWD/target/ci-broken out code=0
  rm -rf "$copy"
  git clone --quiet . "$copy"
  printf '\nraise RuntimeError("broken on purpose")\n' >>"$copy/container/app/src/hello.py"
  out=$(CARGO_TARGET_DIR=$PWD/target cargo run --quiet --manifest-path "$copy/Cargo.toml" -- run 2>&1) || code=$?
  tail -n 5 <<<"$out"
  [ "$code" = 1 ] || { echo "exit code $code instead of 1"; return 1; }
  grep -q "SageMaker-Hello-World" <<<"$out" && grep -q "RuntimeError: broken on purpose" <<<"$out"
}

deployables() {
  python_tools
  npm ci --silent --no-audit --no-fund --prefix .ci
  .ci/lint-deployables
}

# Executions recorded on AWS, where the folder is beside this repository: through the library, and over the API.
recordings() {
  [ -d "$recorded" ] || { echo "skipped: there are no recordings beside this repository"; return 0; }
  cargo run --quiet -p states-language --example replay -- "$recorded/recordings.json"
  up
  python3 "$recorded/check.py" "$recorded/recordings.json" "$AWS_ENDPOINT_URL"
}

boto3_smoke() {
  python_tools
  up
  python3 .ci/boto3_smoke.py
}

unused_dependencies() {
  cargo install --quiet --locked --root "$tools/cargo" cargo-machete@0.9.2
  "$tools/cargo/bin/cargo-machete"
}
