# The commands of the day, by names that people guess: https://just.systems. Each can be typed without it as well.

# Lists the recipes
_list:
    @just --list --unsorted

# Runs the whole chain on this machine; arguments are those of the command: just run --env prod
run *ARGUMENTS:
    cargo run -- run {{ ARGUMENTS }}

# Keeps the local services up for other tools, until interrupted: just up --samples --port 4100
up *ARGUMENTS:
    cargo run -- up {{ ARGUMENTS }}

# Tests everything, or what has NAME in its name: just test retries
test NAME="":
    cargo test --workspace {{ NAME }}

# What to run before a commit: format, clippy, and the tests that take seconds
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cargo test --quiet --locked {{ quick }}

# Formats, and mends what clippy can mend by itself
fix:
    cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
    cargo fmt --all

# Everything that has to hold before a change lands
ci:
    bash .ci/run

# Plays seeded schedules against the functions: just simulate --schedules 1000
simulate *ARGUMENTS:
    cargo run --quiet --profile simulation --bin simulate -- {{ ARGUMENTS }}

# Measures the functions as they are deployed
bench:
    cargo bench --workspace --bench functions

# Measures the account, beside others: just figures before=../before/target/release/stepline moto=127.0.0.1:5000
figures *ACCOUNTS:
    cargo bench --workspace --bench account -- {{ ACCOUNTS }}

# Prints how far engines of the States Language do what AWS does; installs some, and takes some minutes
conformance:
    conformance/compare

# Compares the interpreter's JSONata with jsonata 2.0.6, by random expressions and by its own tests: just jsonata 7 5000
jsonata SEED="1" COUNT="3000":
    .ci/jsonata/run {{ SEED }} {{ COUNT }}

# Draws the pictures of the state machines that the documents show, after a definition or the drawing has changed
pictures:
    cargo run --quiet -- graph statemachine/ml-pipeline.asl.json --output docs/pictures/ml-pipeline.svg
    cargo run --quiet -- graph statemachine/training-pipeline.asl.json --output docs/pictures/training-pipeline.svg
    cargo run --quiet -- graph statemachine/deploy-service.asl.json --output docs/pictures/deploy-service.svg

# Writes the pages of the reference that are made from the code, after a command, a service or a resource type has changed
reference:
    STEPLINE_RENEW=1 cargo test --quiet --workspace --test consistency reference

# Builds the book (docs/) in both languages, below target/book; needs mdBook
book:
    .ci/book/build

# Builds the documentation of the code, and opens it
doc:
    cargo doc --workspace --no-deps --open

# The rules of the house, and the unit tests of what is deployed and of what it runs on: no processes, no schedules.
quick := "--workspace --lib --test consistency"
