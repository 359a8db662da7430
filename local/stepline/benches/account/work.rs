//! What accounts are asked to do.

use crate::Fallible;
use crate::account::Account;
use crate::client::Client;
use crate::report::Figure;
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The role of all state machines here.
const ROLE: &str = "arn:aws:iam::123456789012:role/figures";

/// After so long an account is told to have been too slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many clients start executions at once.
const CLIENTS: usize = 100;

pub(crate) type Figures = Vec<(String, Figure)>;
type Doing<'a> = Pin<Box<dyn Future<Output = Fallible<Figures>> + 'a>>;

/// One piece of work.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    todo: for<'a> fn(&'a Account, f64) -> Doing<'a>,
}

/// All of them.
pub(crate) const ALL: [Work; 5] = [
    Work {
        name: "executions at once",
        todo: |account, scale| Box::pin(executions_at_once(account, scaled(10_000, scale))),
    },
    Work {
        name: "a long history",
        todo: |account, scale| Box::pin(long_history(account, scaled(6_248, scale))),
    },
    Work {
        name: "large data through states",
        todo: |account, scale| Box::pin(large_data(account, scaled(1_000, scale))),
    },
    Work {
        name: "an inline Map",
        todo: |account, scale| Box::pin(inline_map(account, scaled(1_000, scale))),
    },
    Work {
        name: "a distributed Map",
        todo: |account, scale| Box::pin(distributed_map(account, scaled(100_000, scale))),
    },
];

fn scaled(number: usize, scale: f64) -> usize {
    ((number as f64 * scale) as usize).max(1)
}

impl Work {
    /// Has an account do it, and says what it took.
    ///
    /// # Errors
    /// Why the account cannot do it.
    pub(crate) async fn done_by(&self, account: &Account, scale: f64) -> Fallible<Figures> {
        let done = tokio::time::timeout(PATIENCE, (self.todo)(account, scale)).await;
        done.map_err(|_| format!("not done after {} s", PATIENCE.as_secs()))?
    }
}

/// A client of an account, and a state machine there.
async fn machine(account: &Account, kind: &str, definition: &Value) -> Fallible<(Client, String)> {
    let mut client = Client::of(account.address());
    with_role(&mut client).await?;
    let name = format!("figures-{}", uuid::Uuid::new_v4());
    let input = json!({"name": name, "definition": definition.to_string(), "roleArn": ROLE, "type": kind});
    let made = client.states("CreateStateMachine", &input).await?;
    let arn = made["stateMachineArn"].as_str().ok_or("no ARN")?.to_owned();
    Ok((client, arn))
}

/// Has the role be there, as a template makes it: that is what all accounts have an operation for.
async fn with_role(client: &mut Client) -> Fallible<()> {
    let document = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]});
    let trust =
        json!({"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"});
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let role = json!({"Type": "AWS::IAM::Role", "Properties": {
        "RoleName": "figures",
        "AssumeRolePolicyDocument": document(trust),
        "Policies": [{"PolicyName": "all", "PolicyDocument": document(all)}],
    }});
    let template = json!({"Resources": {"Role": role}}).to_string();
    let stack = ("StackName", "figures");
    let create = [
        ("Action", "CreateStack"),
        stack,
        ("TemplateBody", &template),
        ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
    ];
    // A server that is there may have it.
    client.cloudformation(&create).await.ok();
    let mut looks = tokio::time::interval(Duration::from_millis(10));
    loop {
        let described = client.cloudformation(&[("Action", "DescribeStacks"), stack]).await?;
        if described.contains("CREATE_COMPLETE") {
            return Ok(());
        }
        if !described.contains("CREATE_IN_PROGRESS") {
            return Err(described.into());
        }
        looks.tick().await;
    }
}

/// Runs an execution to its end, and says how long it took.
async fn executed(client: &mut Client, account: &Account, input: &Value) -> Fallible<(String, Figure)> {
    let (began, before) = (Instant::now(), account.processor());
    let started = client.states("StartExecution", input).await?;
    let arn = started["executionArn"].as_str().ok_or("no ARN")?.to_owned();
    let mut looks = tokio::time::interval(Duration::from_millis(2));
    loop {
        let described = client
            .states("DescribeExecution", &json!({"executionArn": arn}))
            .await?;
        match described["status"].as_str() {
            Some("RUNNING") => drop(looks.tick().await),
            Some("SUCCEEDED") => break,
            _ => {
                return Err(format!("the execution ended as {}: {}", described["status"], described["cause"]).into());
            }
        }
    }
    let processor = account.processor().zip(before).map(|(after, before)| after - before);
    Ok((arn, Figure::took(began.elapsed(), processor)))
}

fn with_memory(account: &Account, what: &str, mut figures: Figures) -> Figures {
    let memory = account.memory_at_most();
    figures.extend(memory.map(|memory| (format!("{what}: memory at most"), Figure::Memory(memory))));
    figures
}

async fn executions_at_once(account: &Account, executions: usize) -> Fallible<Figures> {
    let states = json!({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": true}}});
    let (_, machine) = machine(account, "STANDARD", &states).await?;
    let began = Instant::now();
    let mut working = JoinSet::new();
    for client in 0..CLIENTS {
        let (address, machine) = (account.address().to_owned(), machine.clone());
        working.spawn(async move {
            let (mut connection, mut took) = (Client::of(&address), Vec::new());
            for execution in (client..executions).step_by(CLIENTS) {
                let input = json!({"stateMachineArn": machine, "name": format!("e-{execution}"), "input": "{}"});
                let began = Instant::now();
                let started = connection.states("StartExecution", &input).await;
                started.map_err(|error| error.to_string())?;
                took.push(began.elapsed());
            }
            Ok::<_, String>(took)
        });
    }
    let mut took = Vec::new();
    while let Some(done) = working.join_next().await {
        took.extend(done??);
    }
    let all = began.elapsed();
    took.sort();
    let within = |share: usize| Figure::took(took[(took.len() * share / 100).min(took.len() - 1)], None);
    let what = format!("{executions} executions by {CLIENTS} clients");
    let figures = vec![
        (what.clone(), Figure::Rate(executions as f64 / all.as_secs_f64())),
        (format!("{what}: p50"), within(50)),
        (format!("{what}: p99"), within(99)),
    ];
    Ok(with_memory(account, &what, figures))
}

async fn long_history(account: &Account, turns: usize) -> Fallible<Figures> {
    let counting = json!({"StartAt": "Add", "States": {
        "Add": {"Type": "Pass", "Parameters": {"i.$": "States.MathAdd($.i, -1)"}, "Next": "More"},
        "More": {"Type": "Choice", "Default": "Add", "Choices": [{"Variable": "$.i", "NumericEquals": 0, "Next": "Done"}]},
        "Done": {"Type": "Succeed"},
    }});
    let (mut client, machine) = machine(account, "STANDARD", &counting).await?;
    let input = json!({"stateMachineArn": machine, "input": json!({"i": turns}).to_string()});
    let (arn, took) = executed(&mut client, account, &input).await?;
    let (began, before) = (Instant::now(), account.processor());
    let (mut read, mut token) = (0, Value::Null);
    loop {
        let mut input = json!({"executionArn": arn, "maxResults": 1000});
        if token != Value::Null {
            input["nextToken"] = token;
        }
        let page = client.states("GetExecutionHistory", &input).await?;
        read += page["events"].as_array().map_or(0, Vec::len);
        token = page["nextToken"].clone();
        if token == Value::Null {
            break;
        }
    }
    let processor = account.processor().zip(before).map(|(after, before)| after - before);
    let figures = vec![
        (format!("an execution of {} events", turns * 4 + 4), took),
        (
            format!("its history of {} events, page by page", turns * 4 + 4),
            if read == turns * 4 + 4 {
                Figure::took(began.elapsed(), processor)
            } else {
                Figure::Failed(format!("has {read}"))
            },
        ),
    ];
    Ok(with_memory(account, "a long history", figures))
}

async fn large_data(account: &Account, states: usize) -> Fallible<Figures> {
    let mut all = serde_json::Map::new();
    for state in 0..states {
        let mut body = json!({"Type": "Pass", "Result": state, "ResultPath": "$.n"});
        if state + 1 == states {
            body["End"] = true.into();
        } else {
            body["Next"] = format!("S{}", state + 1).into();
        }
        all.insert(format!("S{state}"), body);
    }
    let definition = json!({"StartAt": "S0", "States": all});
    let (mut client, machine) = machine(account, "STANDARD", &definition).await?;
    let rows: Vec<Value> = (0..2_500)
        .map(|row| json!({"row": row, "text": "x".repeat(70)}))
        .collect();
    let large = json!({"rows": rows, "n": 0}).to_string();
    let input = json!({"stateMachineArn": machine, "input": large});
    let (_, took) = executed(&mut client, account, &input).await?;
    let what = format!(
        "{} KB through {states} states, each with a `ResultPath`",
        large.len() / 1024
    );
    let figures = vec![(what.clone(), took)];
    Ok(with_memory(account, &what, figures))
}

async fn inline_map(account: &Account, inner: usize) -> Fallible<Figures> {
    let definition = json!({"StartAt": "Outer", "States": {"Outer": {
        "Type": "Map", "ItemsPath": "$.items", "ResultPath": null, "End": true,
        "ItemProcessor": {"StartAt": "Range", "States": {
            "Range": {"Type": "Pass", "Parameters": {"items.$": format!("States.ArrayRange(1, {inner}, 1)")}, "Next": "Inner"},
            "Inner": {"Type": "Map", "ItemsPath": "$.items", "End": true, "ResultSelector": {},
                "ItemProcessor": {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": true}}}},
        }},
    }}});
    let (mut client, machine) = machine(account, "EXPRESS", &definition).await?;
    let input = json!({"items": (0..100).collect::<Vec<_>>()}).to_string();
    let (began, before) = (Instant::now(), account.processor());
    let input = json!({"stateMachineArn": machine, "input": input});
    let done = client.states("StartSyncExecution", &input).await?;
    if done["status"] != "SUCCEEDED" {
        return Err(format!("it ended as {} {}", done["error"], done["cause"]).into());
    }
    let processor = account.processor().zip(before).map(|(after, before)| after - before);
    let what = format!("an inline Map of {} items (100 of {inner} each), Express", 100 * inner);
    let figures = vec![(what.clone(), Figure::took(began.elapsed(), processor))];
    Ok(with_memory(account, &what, figures))
}

async fn distributed_map(account: &Account, items: usize) -> Fallible<Figures> {
    let definition = json!({"StartAt": "Map", "States": {"Map": {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": "figures-items", "Key": "items.json"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "Pass",
            "States": {"Pass": {"Type": "Pass", "End": true}},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "figures-items", "Prefix": "results"},
        },
        "End": true,
    }}});
    let (mut client, machine) = machine(account, "STANDARD", &definition).await?;
    client.put("/figures-items", Vec::new()).await?;
    let body = serde_json::to_vec(&(0..items).collect::<Vec<_>>())?;
    client.put("/figures-items/items.json", body).await?;
    let input = json!({"stateMachineArn": machine, "input": "{}"});
    let (arn, took) = executed(&mut client, account, &input).await?;
    let runs = client.states("ListMapRuns", &json!({"executionArn": arn})).await?;
    let run = json!({"mapRunArn": runs["mapRuns"][0]["mapRunArn"]});
    let run = client.states("DescribeMapRun", &run).await?;
    let what = format!("a distributed Map of {items} items, from S3 and to S3");
    let took = if run["itemCounts"]["succeeded"] == items {
        took
    } else {
        Figure::Failed(format!("counts {}", run["itemCounts"]))
    };
    Ok(with_memory(account, &what, vec![(what.clone(), took)]))
}
