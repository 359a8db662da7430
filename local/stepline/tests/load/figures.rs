//! How fast the account is, and how much memory it takes: executions at once, long histories, and Maps over S3.
//!
//! Everything that is answered is compared, and the figures are printed and never compared: they are the machine's, too.
//! In small form here; `just figures` gives the full numbers.

use crate::client::Client;
use crate::world::{machine, memory, number, peak, served, user_time};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use stepline::cloud::Cloud;
use tokio::task::JoinSet;

/// Calls an operation of Step Functions, which has to succeed.
async fn states(client: &mut Client, operation: &str, input: Value) -> Value {
    let target = format!("AWSStepFunctions.{operation}");
    let answer = client.call("states", &target, &input).await;
    answer.unwrap_or_else(|code| panic!("{operation}: {code}"))
}

/// Waits for an execution's end, and says how it ended.
async fn ended(cloud: &Cloud, client: &mut Client, arn: &str) -> Value {
    cloud.ongoing.end(arn).await;
    states(client, "DescribeExecution", json!({"executionArn": arn})).await
}

/// What a piece of work took.
struct Measured {
    began: Instant,
    user: Duration,
    before: Option<u64>,
}

impl Measured {
    fn begin() -> Self {
        Self {
            began: Instant::now(),
            user: user_time().unwrap_or_default(),
            before: memory(),
        }
    }

    /// One line of it: the time, ours of the processor, and the memory before, at its highest since the process began, and now.
    fn end(&self, what: &str) {
        let (took, user) = (self.began.elapsed(), user_time().unwrap_or_default() - self.user);
        let memory = [self.before, peak(), memory()].map(|it| it.map_or("?".to_owned(), |it| it.to_string()));
        println!(
            "{what}: {took:.1?}, {user:.1?} of the processor, memory {} MB",
            memory.join(" → ")
        );
    }
}

/// The time within which a share of calls was answered.
fn within(sorted: &[Duration], share: f64) -> Duration {
    let at = (sorted.len() as f64 * share) as usize;
    sorted[at.min(sorted.len() - 1)]
}

/// How long each start of executions took that clients asked for, each over a connection of its own, and all together.
/// An account that ends its connections (`keeps` is false) gets a new one for each.
async fn started(
    (address, keeps): (&str, bool),
    machine: &str,
    (clients, executions): (usize, usize),
) -> (Vec<Duration>, Duration) {
    let began = Instant::now();
    let mut working = JoinSet::new();
    for client in 0..clients {
        let (address, machine) = (address.to_owned(), machine.to_owned());
        working.spawn(async move {
            let mut connection = Client::connect_to(address.clone()).await;
            let mut took = Vec::new();
            for execution in (client..executions).step_by(clients) {
                let input = json!({"stateMachineArn": machine, "name": format!("e-{execution}"), "input": "{}"});
                let began = Instant::now();
                if !keeps {
                    connection = Client::connect_to(address.clone()).await;
                }
                let target = "AWSStepFunctions.StartExecution";
                let (head, body) = connection.ask("states", target, &input).await;
                assert_eq!(head.status, 200, "{body:?}");
                took.push(began.elapsed());
            }
            took
        });
    }
    let mut took: Vec<Duration> = working.join_all().await.into_iter().flatten().collect();
    took.sort();
    assert_eq!(took.len(), executions);
    (took, began.elapsed())
}

/// What is said of starts.
fn told((took, all): &(Vec<Duration>, Duration)) -> String {
    let (rate, p50, p99) = (rate(took, *all), within(took, 0.5), within(took, 0.99));
    format!(
        "{} executions: {rate:.0} a second, p50 {p50:.1?}, p99 {p99:.1?}",
        took.len()
    )
}

fn rate(took: &[Duration], all: Duration) -> f64 {
    took.len() as f64 / all.as_secs_f64()
}

/// Clients start executions, here and, where `STEPLINE_PEER` has the address of one, at another account on this machine.
#[tokio::test(flavor = "multi_thread")]
async fn executions_are_started_at_once() {
    let (clients, executions) = (number("STEPLINE_CLIENTS", 20), number("STEPLINE_EXECUTIONS", 200));
    let cloud = served(std::env::temp_dir()).await;
    let states_of = json!({"Pass": {"Type": "Pass", "End": true}});
    let pass = machine(&cloud, "pass", &states_of).await;
    let endpoint = cloud
        .endpoint()
        .expect("an endpoint")
        .trim_start_matches("http://")
        .to_owned();
    let measured = Measured::begin();
    let ours = started((&endpoint, true), &pass, (clients, executions)).await;
    measured.end(&told(&ours));
    let mut client = Client::connect(&cloud).await;
    let prefix = pass.replace(":stateMachine:", ":execution:");
    for execution in 0..executions {
        let described = ended(&cloud, &mut client, &format!("{prefix}:e-{execution}")).await;
        assert_eq!(described["status"], "SUCCEEDED", "{described}");
    }
    if let Ok(peer) = std::env::var("STEPLINE_PEER") {
        let mut client = Client::connect_to(peer.clone()).await;
        let definition = json!({"StartAt": "Pass", "States": states_of}).to_string();
        let role = "arn:aws:iam::123456789012:role/all";
        let input = json!({"name": "pass", "definition": definition, "roleArn": role});
        let (_, made) = client
            .ask("states", "AWSStepFunctions.CreateStateMachine", &input)
            .await;
        let made: Value = serde_json::from_slice(&made).expect("JSON");
        let machine = made["stateMachineArn"].as_str().expect("an ARN");
        // It is slower: a tenth of them says as much.
        let theirs = started((&peer, false), machine, (clients, executions / 10)).await;
        let ratio = rate(&ours.0, ours.1) / rate(&theirs.0, theirs.1);
        println!("{peer}: {}; ours is {ratio:.1} times as many", told(&theirs));
    }
}

/// An execution with a long history, which is then read page by page.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_is_told_to_its_end() {
    let most = number("STEPLINE_EVENTS", 1_000);
    let cloud = served(std::env::temp_dir()).await;
    let mut client = Client::connect(&cloud).await;
    let counting = json!({
        "Add": {"Type": "Pass", "Parameters": {"i.$": "States.MathAdd($.i, -1)"}, "Next": "More"},
        "More": {"Type": "Choice", "Default": "Add", "Choices": [{"Variable": "$.i", "NumericEquals": 0, "Next": "Done"}]},
        "Done": {"Type": "Succeed"},
    });
    let machine = machine(&cloud, "counting", &counting).await;
    for events in [most / 5, most * 2 / 5, most] {
        // Two states of two events each turn; a beginning and an end; and the last state.
        let turns = (events - 4) / 4;
        let measured = Measured::begin();
        let input = json!({"stateMachineArn": machine, "input": json!({"i": turns}).to_string()});
        let started = states(&mut client, "StartExecution", input).await;
        let arn = started["executionArn"].as_str().expect("an ARN").to_owned();
        let described = ended(&cloud, &mut client, &arn).await;
        assert_eq!(described["status"], "SUCCEEDED", "{described}");
        measured.end(&format!("an execution of {} events", turns * 4 + 4));
        let measured = Measured::begin();
        let (mut read, mut token) = (0, Value::Null);
        loop {
            let mut input = json!({"executionArn": arn, "maxResults": 1000});
            if token != Value::Null {
                input["nextToken"] = token;
            }
            let page = states(&mut client, "GetExecutionHistory", input).await;
            for event in page["events"].as_array().expect("events") {
                read += 1;
                assert_eq!(event["id"], read);
            }
            token = page["nextToken"].clone();
            if token == Value::Null {
                break;
            }
        }
        assert_eq!(read, turns * 4 + 4);
        measured.end(&format!("its history of {read} events, page by page"));
    }
}

/// A distributed Map whose items come from an object, and whose results go to others.
#[tokio::test(flavor = "multi_thread")]
async fn a_map_is_distributed_over_s3() {
    let most = number("STEPLINE_ITEMS", 500);
    let cloud = served(std::env::temp_dir()).await;
    let mut client = Client::connect(&cloud).await;
    let administrator = platform::Principal::Administrator;
    let made = cloud
        .call(&administrator, "s3", "CreateBucket", json!({"Bucket": "items"}))
        .await;
    made.expect("a bucket");
    let distributed = json!({"Map": {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": "items", "Key.$": "$.key"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "Pass",
            "States": {"Pass": {"Type": "Pass", "End": true}},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "items", "Prefix": "results"},
        },
        "End": true,
    }});
    let machine = machine(&cloud, "distributed", &distributed).await;
    for items in [most / 10, most / 2, most] {
        let key = format!("{items}.json");
        let body = serde_json::to_vec(&(0..items).collect::<Vec<_>>()).expect("JSON");
        let object = json!({"Bucket": "items", "Key": key});
        let put = cloud.send(&administrator, "s3", "PutObject", object, body.into());
        put.await.expect("the items");
        let measured = Measured::begin();
        let input = json!({"stateMachineArn": machine, "input": json!({"key": key}).to_string()});
        let started = states(&mut client, "StartExecution", input).await;
        let arn = started["executionArn"].as_str().expect("an ARN").to_owned();
        let described = ended(&cloud, &mut client, &arn).await;
        assert_eq!(described["status"], "SUCCEEDED", "{described}");
        let runs = states(&mut client, "ListMapRuns", json!({"executionArn": arn})).await;
        let run = json!({"mapRunArn": runs["mapRuns"][0]["mapRunArn"]});
        let run = states(&mut client, "DescribeMapRun", run).await;
        assert_eq!(run["itemCounts"]["succeeded"], items, "{run}");
        measured.end(&format!("a Map of {items} items"));
    }
}
