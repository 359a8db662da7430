//! Numbers and texts go through as they came, or are refused by name: never as another number.

use serde_json::json;
use shared::ports::code_pipeline::FailureType::ConfigurationError;
use shared::ports::step_functions::ExecutionStatus;

use crate::support::{Answer, Bench, Job, assert_continues, assert_fails, parameters, run};

/// Literals, and what each is when it is sent on; nothing where it would be another number.
const LITERALS: [(&str, Option<&str>); 16] = [
    ("9007199254740993", Some("9007199254740993")),
    ("18446744073709551615", Some("18446744073709551615")),
    ("-9223372036854775808", Some("-9223372036854775808")),
    ("0.30000000000000004", Some("0.30000000000000004")),
    ("1.10", Some("1.1")),
    ("1E5", Some("100000.0")),
    ("-0", Some("-0.0")),
    ("100000000000000000000", Some("1e+20")),
    ("0e-9999999999999999999", Some("0.0")),
    ("18446744073709551617", None),
    ("-9223372036854775809", None),
    ("0.12345678901234567891", None),
    ("1e999", None),
    ("-1e-999", None),
    ("1e99999999999999999999", None),
    ("1.00000000000000000001", None),
];

const REASON: &str = "is a number that would change here: write it as a string";

fn with_input(literal: &str) -> Job {
    let text = parameters(json!({"input": {"opt": [{}, {"rate": "X"}]}})).to_string();
    Job::first(json!(text.replace("\"X\"", literal)))
}

#[test]
fn the_input_has_the_numbers_that_were_written() {
    run(async {
        for (literal, sent) in LITERALS {
            let bench = Bench::new();
            let answer = bench.job(with_input(literal)).await;
            match sent {
                Some(sent) => {
                    assert_continues(answer);
                    let input = &bench.runs()[0].input;
                    assert!(input.contains(&format!("{{\"rate\":{sent}}}")), "{literal}: {input}");
                }
                None => {
                    let where_it_is = format!("UserParameters: `input.opt[1].rate` {REASON}");
                    assert_fails(&answer, ConfigurationError, &[&where_it_is]);
                    assert_eq!(bench.runs().len(), 0, "{literal}");
                }
            }
        }
    });
}

#[test]
fn half_a_character_in_the_input_is_refused_by_name() {
    run(async {
        let fragments = ["UserParameters: `input.opt[1].rate` has half of a surrogate pair"];
        for literal in [r#""\ud800""#, r#""\udc00\ud800""#, r#""a\uDBFFz""#] {
            assert_fails(
                &Bench::new().job(with_input(literal)).await,
                ConfigurationError,
                &fragments,
            );
        }
        assert_continues(Bench::new().job(with_input(r#""\ud83e\udd80""#)).await);
    });
}

#[test]
fn a_file_has_the_numbers_that_were_written() {
    run(async {
        for (literal, sent) in LITERALS {
            let bench = Bench::new();
            let zip = crate::artifacts::zip_of("a.json", format!("{{\"opt\": {{\"rate\": {literal}}}}}").as_bytes());
            bench.world().artifacts.inner().put("artifacts", "dev/Source", zip);
            let job = Job {
                inputs: vec!["Source"],
                ..Job::first(parameters(json!({"inputFile": "Source::a.json"})))
            };
            let answer = bench.job(job).await;
            match sent {
                Some(sent) => {
                    assert_continues(answer);
                    let input = &bench.runs()[0].input;
                    assert!(input.contains(&format!("{{\"rate\":{sent}}}")), "{literal}: {input}");
                }
                None => assert_fails(
                    &answer,
                    ConfigurationError,
                    &["`inputFile` `Source::a.json`", &format!("`opt.rate` {REASON}")],
                ),
            }
        }
    });
}

/// An output with what no function could keep in it, beside what can.
const OUTPUT: &str = r#"{"unused": [1e999, "\ud800"], "job": {"name": "one", "half": "\udfff"},
    "seed": 18446744073709551617, "rate":1E-400, "price": 1.10,
    "model": {"loss" : 0.12345678901234567891, "tags": ["a b", "\u00fc", 9007199254740993]},
    "na\u006de": "\u0061 \"quoted\" 🦀", "twice": 1, "twice": 2, "nothing": null}"#;

#[test]
fn output_variables_are_what_the_output_says() {
    let cases = [
        ("$.seed", Ok("18446744073709551617")),
        ("$.rate", Ok("1E-400")),
        ("$.price", Ok("1.10")),
        (
            "$.model",
            Ok(r#"{"loss":0.12345678901234567891,"tags":["a b","\u00fc",9007199254740993]}"#),
        ),
        ("$.model.tags[2]", Ok("9007199254740993")),
        ("$.unused[0]", Ok("1e999")),
        ("$.name", Ok("a \"quoted\" 🦀")),
        ("$.twice", Ok("2")),
        ("$.nothing", Ok("null")),
        ("$.job.name", Ok("one")),
        ("$.job.half", Err("has half of a surrogate pair")),
        ("$.job", Err("has half of a surrogate pair")),
        ("$", Err("has half of a surrogate pair")),
        ("$.none", Err("is not in its output")),
    ];
    run(async {
        for (path, expected) in cases {
            let bench = Bench::new();
            let output = OUTPUT.to_owned();
            bench
                .world()
                .states
                .inner()
                .ends_after(0, ExecutionStatus::Succeeded { output });
            let job = bench.started(parameters(json!({"outputVariables": {"V": path}}))).await;
            match (bench.job(job).await, expected) {
                (Answer::Succeed(variables), Ok(expected)) => {
                    assert!(
                        variables.contains(&("V".to_owned(), expected.to_owned())),
                        "{path}: {variables:?}"
                    );
                }
                (answer, Err(reason)) => {
                    assert_fails(
                        &answer,
                        ConfigurationError,
                        &[&format!("`{path}` of output variable `V`"), reason],
                    );
                }
                (answer, Ok(_)) => panic!("{path}: {answer:?}"),
            }
        }
    });
}
