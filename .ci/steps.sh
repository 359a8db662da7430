# The steps of .ci/run that are more than one command. Sourced, from the root of the repository.
# shellcheck shell=bash

tools=$PWD/target/ci-tools
recorded=$PWD/../shared/asl-recordings
built=$PWD/target/sam

python_tools() { # the linters, SAM CLI and cargo-lambda of .ci/requirements.txt, in a virtual environment
  [ -x "$tools/python/bin/pip" ] || python3 -m venv "$tools/python"
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check --requirement .ci/requirements.txt
  export PATH="$tools/python/bin:$PATH" SAM_CLI_TELEMETRY=0
}

up() { # up [OPTION…]: starts the local services in the background, in an account of their own; `down` ends them
  up_with --state target/ci-up-state --fresh "$@"
}

up_with() { # up_with [OPTION…]: the same in the account that the options say; what they print is exported
  local log=$PWD/target/ci-up.log
  cargo run --quiet --locked -- up --port 0 "$@" >"$log" 2>"$log.err" &
  up_pid=$!
  trap down EXIT
  for _ in $(seq 3000); do
    grep -qx ready "$log" && break
    kill -0 "$up_pid" 2>/dev/null || { cat "$log" "$log.err"; return 1; }
    sleep 0.1
  done
  grep -qx ready "$log" || {
    echo "the local services were not ready within 300 s"
    cat "$log" "$log.err"
    # An interrupt is heard only by services that are ready.
    kill "$up_pid"
    return 1
  }
  eval "$(grep '^export ' "$log")"
}

down() {
  trap - EXIT
  kill -INT "$up_pid" 2>/dev/null || true
  wait "$up_pid" 2>/dev/null || true
}

engine_is_here() { # whether a container engine can be set up: the script that does it is beside this repository, or not
  [ -x "$PWD/../shared/tools/container-engine.sh" ] ||
    { skip "there is no ../shared/tools/container-engine.sh, which sets a container engine up"; return 1; }
}

engine_up() { # starts a container engine and exports its DOCKER_HOST; `engine_down` ends it
  eval "$("$PWD/../shared/tools/container-engine.sh" "$PWD/target/engine")"
  trap engine_down EXIT
}

engine_down() {
  trap - EXIT
  kill "$ENGINE_PID" 2>/dev/null || true
  # The engine leaves its storage mounted, in the way of whoever clears target/ away.
  umount "$PWD/target/engine/storage/overlay" 2>/dev/null || true
}

engine_api() { # engine_api PATH [CURL OPTION…]: asks the engine over its API
  curl --silent --show-error --fail --unix-socket "${DOCKER_HOST#unix://}" "http://engine$1" "${@:2}"
}

# The chain with a container engine, in a clone whose base image is this machine's Python: none can be pulled, and no index
# of packages is reached. The image's RUN leaves a file, which the program finds in the container and nowhere else.
container_engine_run() {
  engine_is_here || return 0
  engine_up
  .ci/python-image | engine_api "/images/create?fromSrc=-&repo=localhost/stepline-ci-python" --request POST \
    --header 'Content-Type: application/x-tar' --data-binary @-
  local copy out code=0
  copy=$(a_clone)
  sed -i -e 's|^FROM .*|FROM localhost/stepline-ci-python:latest|' \
    -e 's|^RUN pip .*|RUN python3 -c "import sys; open(sys.argv[1], \x27w\x27).close()" /opt/program/made-by-run|' \
    "$copy/container/Dockerfile"
  printf 'print("made by RUN:", os.path.exists("/opt/program/made-by-run"))\n' >>"$copy/container/app/src/hello.py"
  out=$(run_in_engine "$copy")
  grep -E '^Containers|made by RUN|Hello World|runs as|^Succeeded' <<<"$out"
  grep -qE '^Containers: .+ Engine .+ builds images and runs jobs$' <<<"$out"
  grep -q 'the processing job runs as a container of' <<<"$out"
  grep -q 'ProcessingJobs | Hello World!$' <<<"$out" && grep -q 'ProcessingJobs | made by RUN: True$' <<<"$out"

  printf 'raise RuntimeError("broken on purpose")\n' >>"$copy/container/app/src/hello.py"
  out=$(run_in_engine "$copy") || code=$?
  tail -n 1 <<<"$out"
  [ "$code" = 1 ] || { echo "exit code $code instead of 1"; return 1; }
  tail -n 1 <<<"$out" | grep -q 'SageMaker-Hello-World.*RuntimeError: broken on purpose'
  # A model is trained and served in containers, too: programs that need no packages stand for those that do.
  cp local/stepline/tests/fixtures/training/*.py "$copy/container/app/src/"
  out=$(in_clone "$copy" run --test off --containers engine --state "$PWD/target/ci-engine-state" --fresh 2>&1) ||
    { tail -n 20 <<<"$out"; return 1; }
  grep -E 'runs as a container|Summary = |^Succeeded' <<<"$out"
  grep -q 'the training job runs as a container of' <<<"$out" && grep -qE 'the task .+ runs as a container of' <<<"$out"
  grep -qE 'Summary = version 1 is served at' <<<"$out"
  [ "$(engine_api '/containers/json?all=1')" = '[]' ] || { echo "containers are left in the engine"; return 1; }
  engine_down
}

run_in_engine() { # run_in_engine CLONE
  in_clone "$1" run --machine hello --containers engine 2>&1
}

# A clone to change, as it was committed. It is the same folder for every step, so that its functions are built once, in this
# one's target/. It lies elsewhere: of sources below a target folder Cargo notes where they are in it, and would take them
# for this clone's afterwards.
clone_to_change=${TMPDIR:-/tmp}/stepline-ci-$$/stepline
a_clone() {
  if [ -d "$clone_to_change" ]; then
    git -C "$clone_to_change" reset --quiet --hard
    git -C "$clone_to_change" clean --quiet -xd --force
  else
    git clone --quiet . "$clone_to_change"
  fi
  echo "$clone_to_change"
}

in_clone() { # in_clone CLONE ARGUMENT…: the command of this clone in another one, whose changes are not the command's own
  cargo build --quiet --locked --bin stepline
  (cd "$1" && env -u CARGO_MANIFEST_DIR CARGO_TARGET_DIR="$OLDPWD/target" "$OLDPWD/target/debug/stepline" "${@:2}")
}

# What `stepline new` makes is what AWS's own linters take, and runs: with the functions of this clone in the place of zips.
own_repository() {
  local folder out
  python_tools
  folder=$(mktemp -d)/models
  cargo run --quiet --locked -- new "$folder" --region eu-west-1 --repository team/models
  (
    cd "$folder"
    cfn-lint sam/*.yaml
    for template in template pipeline serving deployer; do
      sam validate --lint --region eu-west-1 --template "sam/$template.yaml"
    done
  )
  shellcheck "$folder"/sam/{deploy,move-pipeline,region,roll-back,seed,teardown}
  yamllint --strict --config-file .ci/yamllint.yaml "$folder/.github/workflows"
  out=$(cd "$folder" && env -u CARGO_MANIFEST_DIR "$OLDPWD/target/debug/stepline" run --machine hello 2>&1) ||
    { tail -n 20 <<<"$out"; return 1; }
  tail -n 1 <<<"$out"
}

# A clone whose hello.py raises: the pipeline must fail with exit code 1 and the failure must say where and why.
broken_container() {
  local copy out code=0
  copy=$(a_clone)
  printf '\nraise RuntimeError("broken on purpose")\n' >>"$copy/container/app/src/hello.py"
  out=$(in_clone "$copy" run --machine hello 2>&1) || code=$?
  tail -n 5 <<<"$out"
  [ "$code" = 1 ] || { echo "exit code $code instead of 1"; return 1; }
  grep -q "SageMaker-Hello-World" <<<"$out" && grep -q "RuntimeError: broken on purpose" <<<"$out"
}

# A team's first three changes, with the packages that the container really has: the first model is served, a worse one is
# refused beside the numbers of the current one, a better one takes its place and answers.
three_changes() {
  local copy out code=0 address
  copy=$(a_clone)
  out=$(played "$copy" --fresh) || { tail -n 20 <<<"$out"; return 1; }
  grep -E 'Report .+ passed|Review = |Approve is approved|Summary = |^Succeeded' <<<"$out"
  grep -qE 'Report stepline-test-dev-pytest: [1-9][0-9]* passed, 0 failed$' <<<"$out"
  grep -qE 'Review = Version 1 of ml-pipeline-dev: accuracy 0\.[89][0-9]*, .+; the first model\. .+ at most: \$0\.22\.$' <<<"$out"
  grep -qE 'Summary = version 1 is served at http://127\.0\.0\.1:[0-9]+$' <<<"$out"

  sed -i 's|"max-iterations": 60, "max-depth": 4|"max-iterations": 1, "max-depth": 1|' "$copy/sam/template.yaml"
  out=$(played "$copy") || code=$?
  tail -n 1 <<<"$out"
  [ "$code" = 1 ] || { echo "exit code $code instead of 1"; return 1; }
  tail -n 1 <<<"$out" | grep -qE 'QualityGateNotMet.*accuracy 0\.[0-7][0-9]*, current model 0\.[89][0-9]*, tolerance 0\.01'

  sed -i 's|"max-iterations": 1, "max-depth": 1|"max-iterations": 90, "max-depth": 5|' "$copy/sam/template.yaml"
  out=$(played "$copy") || { tail -n 20 <<<"$out"; return 1; }
  grep -E 'Summary = |the model is served|^Succeeded' <<<"$out"
  grep -qE 'Review = Version 2 of ml-pipeline-dev: accuracy 0\.[89][0-9]* \(0\.[89][0-9]*\), ' <<<"$out"
  address=$(grep -oE 'version 2 is served at http://[0-9.:]+$' <<<"$out" | grep -oE 'http://.+')

  # The next command serves it again, at the same address.
  up_with --state target/stepline/state
  python3 .ci/ask_service.py "$address" seed/DataBucket/raw/customers.csv /2
  down
  in_clone "$copy" lineage 2 | tail -n 5
}

played() { # played CLONE [OPTION…]: its pipeline, with what the runs before have left
  in_clone "$1" run "${@:2}" 2>&1
}

# Killed at random moments of runs: nothing that was answered is lost, and no process is left.
killed() {
  python_tools
  cargo build --quiet --locked --bin stepline
  python3 .ci/killed.py target/debug/stepline 8 20261130
}

# The page in a headless Chromium: Debian's package, or what this machine has. It builds nothing but the command.
page_in_a_browser() {
  a_browser || return 0
  local page=$tools/page/bin/python3 stackport=$tools/stackport
  # Each in an environment of its own: their pins do not fit together.
  [ -x "$page" ] || python3 -m venv "$tools/page"
  "$page" -m pip install --quiet --disable-pip-version-check --requirement .ci/page/requirements.txt
  [ -x "$stackport/bin/python" ] || python3 -m venv "$stackport"
  "$stackport/bin/python" -m pip install --quiet --disable-pip-version-check stackport==0.4.6
  npm ci --silent --no-audit --no-fund --prefix .ci
  cargo build --quiet --locked --bin stepline
  # Only a browser that crashed is given another try.
  "$page" -B -m pytest --quiet -rA -p no:cacheprovider --reruns 2 --only-rerun "browser has been closed" \
    .ci/page --stepline target/debug/stepline
}

a_browser() { # whether there is a Chromium, which is installed where that is possible
  local names=(chromium chromium-browser google-chrome)
  command -v "${names[@]}" >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update && apt-get install --yes --no-install-recommends chromium; } >"$tools-chromium.log" 2>&1 || true
  fi
  command -v "${names[@]}" >/dev/null || { skip "there is no Chromium, and none could be installed"; return 1; }
}

# The container's own tests, with what its lock files name and nothing else.
container_tests() {
  local python=$tools/container/bin/python3
  [ -x "$python" ] || python3 -m venv "$tools/container"
  "$python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement container/tests/requirements.txt
  "$python" -B -m pytest --quiet -p no:cacheprovider container/tests
}

deployables() {
  python_tools
  npm ci --silent --no-audit --no-fund --prefix .ci
  .ci/lint-deployables
}

# What the policies allow and deny, by an evaluator of IAM's policies that nobody here wrote: it has to agree with ours on
# every question. It runs as a process of its own and goes into nothing that is built (its licence is the AGPL).
outside_evaluator() {
  npm ci --silent --no-audit --no-fund --prefix .ci
  cargo test --quiet --locked --workspace --test permissions questions_for_another_evaluator
  node .ci/iam-simulate.mjs target/tmp/policies.json
}

# Executions recorded on AWS, where the folder is beside this repository: through the library, and over the API.
recordings() {
  [ -d "$recorded" ] || { skip "there is no ../shared/asl-recordings"; return 0; }
  cargo run --quiet --locked --example replay -- "$recorded/recordings.json"
  up
  python3 "$recorded/check.py" "$recorded/recordings.json" "$AWS_ENDPOINT_URL"
}

# The conformance suite over the API: what the tests of the library have asked already, and what only an API has.
conformance() {
  local mocks=$PWD/target/ci-conformance-mocks.json
  python3 conformance/run.py mocks "$mocks"
  up --mock "$mocks"
  python3 conformance/run.py run "$AWS_ENDPOINT_URL" --tasks mocks --stack
}

boto3_smoke() {
  python_tools
  up --test on
  python3 .ci/boto3_smoke.py
}

# The templates as a team deploys them: by the SAM CLI, against the local services.
sam_deploy() {
  python_tools || true
  [ -x "$tools/python/bin/sam" ] || { skip "the SAM CLI could not be installed"; return 0; }
  up
  python3 .ci/sam_deploy.py target/ci-sam-deploy
}

# One run of the training pipeline, read with boto3 and the AWS CLI: every answer has the shape of AWS's own models.
aws_reads_a_run() {
  python_tools
  [ -x "$tools/aws/bin/aws" ] || python3 -m venv "$tools/aws"
  "$tools/aws/bin/pip" install --quiet --disable-pip-version-check awscli==1.46.2
  up --machine training
  python3 .ci/aws_run.py
  local version_2
  version_2=$(aws_version_2) || skip "there is no AWS CLI of version 2, which alone has \`aws logs tail\`"
  python3 .ci/aws_cli.py "$tools/aws/bin/aws" ${version_2:+"$version_2"}
}

# The command of an AWS CLI of version 2: the machine's own, else Debian's, unpacked below target/. The registry of Python
# packages has version 1 alone.
aws_version_2() {
  if aws --version 2>/dev/null | grep -q '^aws-cli/2'; then
    command -v aws
    return
  fi
  local folder=$tools/aws-2
  if [ ! -x "$folder/aws" ]; then
    mkdir -p "$folder/root"
    (
      cd "$folder"
      apt-get update --quiet --quiet
      apt-get download awscli python3-awscrt python3-colorama python3-dateutil python3-docutils python3-jmespath \
        python3-prompt-toolkit python3-pyasn1 python3-roman python3-ruamel.yaml python3-ruamel.yaml.clib python3-urllib3 \
        python3-wcwidth
      for package in *.deb; do dpkg-deb --extract "$package" root; done
    ) >"$folder.log" 2>&1 || return 1
    # The interpreter that these packages are built for.
    printf '#!/bin/sh\nPYTHONPATH=%s exec /usr/bin/python3 %s "$@"\n' \
      "$folder/root/usr/lib/python3/dist-packages" "$folder/root/usr/bin/aws" >"$folder/aws"
    chmod +x "$folder/aws"
  fi
  "$folder/aws" --version >"$folder.log" 2>&1 && echo "$folder/aws"
}

# What a publication on crates.io would upload: every package that is not kept, and in the command's own what `stepline new`
# writes. Only the interpreter is built from its package: the others' dependencies take longer than all other steps.
packages() {
  local published=() name
  while IFS= read -r name; do published+=(--package "$name"); done < <(cargo metadata --no-deps --format-version 1 --locked |
    python3 -c 'import json, sys; [print(each["name"]) for each in json.load(sys.stdin)["packages"] if each["publish"] != []]')
  cargo package --quiet --locked --allow-dirty --no-verify "${published[@]}"
  diff <(git ls-files config container sam seed statemachine | sort) \
    <(tar -tzf target/package/stepline-[0-9]*.crate | sed -n 's|^[^/]*/repository/||p' | sort)
  CARGO_TARGET_DIR=$PWD/target cargo package --quiet --locked --allow-dirty --package states-language
  ls -l target/package/*.crate
}

# The Python package in a fresh environment: its tests, the training pipeline's among them, and the hook of pre-commit, which
# is installed as from a clone of this repository. What is tested is compiled as the tests are; a release's is optimised.
python_package() {
  local package=local/states-language-python python=$tools/states-language/bin fresh=$tools/states-language-fresh
  local wheels=$PWD/target/python/wheels
  [ -x "$python/pip" ] || python3 -m venv "$tools/states-language"
  "$python/pip" install --quiet --disable-pip-version-check --requirement "$package/requirements.txt"
  cargo fmt --manifest-path "$package/Cargo.toml" --check
  (cd "$package" && "$python/mypy" --strict --python-version 3.10 --cache-dir "$wheels/../mypy" python)
  rm -rf "$wheels" "$fresh"
  "$python/maturin" build --quiet --locked --profile dev --compatibility off --manifest-path "$package/Cargo.toml" \
    --target-dir target/python --out "$wheels"
  python3 -m venv "$fresh"
  "$fresh/bin/pip" install --quiet --disable-pip-version-check "$wheels"/*.whl "$(grep '^pytest==' "$package/requirements.txt")"
  "$fresh/bin/python" -B -m pytest --quiet -p no:cacheprovider "$package/tests"
  "$fresh/bin/states-language" check statemachine
  PRE_COMMIT_HOME=$wheels/../pre-commit PIP_FIND_LINKS=$wheels "$python/pre-commit" try-repo . states-language-check \
    --files statemachine/*.asl.json
}

unused_dependencies() {
  cargo install --quiet --locked --root "$tools/cargo" cargo-machete@0.9.2
  "$tools/cargo/bin/cargo-machete"
}

# The functions as they are deployed, for each architecture that Rust has its standard library for here. One target folder
# serves them all; what is in target/lambda/ afterwards is what was built last, for x86_64.
sam_build() {
  python_tools
  cargo fetch --locked
  local libraries architecture target
  libraries=$(rustc --print sysroot)/lib/rustlib
  for architecture in arm64 x86_64; do
    case $architecture in arm64) target=aarch64-unknown-linux-gnu ;; *) target=x86_64-unknown-linux-gnu ;; esac
    if [ ! -d "$libraries/$target" ]; then
      skip "for $architecture the toolchain lacks its target (rustup target add $target)"
      continue
    fi
    (cd sam && sam build --config-env dev --build-dir "$built/$architecture" \
      --parameter-overrides "Architecture=$architecture")
    (cd sam && sam build --config-env serving-dev --build-dir "$built/$architecture-serving" --parameter-overrides \
      "Architecture=$architecture VpcId=vpc-00000000 SubnetIds=subnet-00000000,subnet-00000001")
    ls -l "$built/$architecture"{,-serving}/*Function/bootstrap
  done
  git diff --exit-code -- Cargo.lock
}

# One event for each function, in a container, against the local services at the address of the containers' bridge: their
# loopback is not this machine's. The first container makes the bridge.
sam_local_invoke() {
  [ -d "$built/x86_64" ] || { skip "the functions were not built for x86_64"; return 0; }
  engine_is_here || return 0
  python_tools
  engine_up
  local bridge
  bridge=$(python3 .ci/sam_local_invoke.py --bridge)
  up --containers process --host "$bridge" --samples
  trap 'down; engine_down' EXIT
  python3 .ci/sam_local_invoke.py "$built/x86_64"
}

# The table of the functions that `sam build` made: a zip or a number of AWS calls past its bound fails, times are printed.
# The benchmark itself is built as the tests are: what it measures are other processes.
functions_bench() {
  [ -d target/lambda ] || { skip "the functions were not built for x86_64"; return 0; }
  python_tools
  local weighed=$PWD/target/ci-bench name
  mkdir -p "$weighed"
  cargo build --release --locked --package bare-function
  cp target/release/bare-function "$weighed"
  for name in pipeline-action image-push resolve-parameters; do cp "target/lambda/$name/bootstrap" "$weighed/$name"; done
  cargo bench --locked --profile dev --workspace --bench functions -- --runs 10 --binaries "$weighed"
}

# Licences, bans and sources of all dependencies. What is known of their vulnerabilities is in a repository of its own on
# GitHub, which not every machine that runs this may fetch.
supply_chain() {
  # Without what a debugger wants: that is most of what is written, and a disk may be nearly full.
  CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug --root "$tools/cargo" cargo-deny@0.20.2
  local deny=$tools/cargo/bin/cargo-deny
  # The Python package has a lock file of its own.
  local manifest manifests=(Cargo.toml local/states-language-python/Cargo.toml)
  for manifest in "${manifests[@]}"; do
    "$deny" --manifest-path "$manifest" --locked check --hide-inclusion-graph bans licenses sources
  done
  if ! "$deny" fetch db; then
    skip "advisories were not checked, their database could not be fetched"
    return 0
  fi
  for manifest in "${manifests[@]}"; do
    "$deny" --manifest-path "$manifest" --locked check --disable-fetch advisories
  done
}
