//! The intrinsic functions, through a Pass state's `Parameters`.

use crate::common::{outcome, run, single};
use serde_json::{Value, json};

fn evaluate(call: &str, input: &Value) -> Result<Value, (String, String)> {
    outcome(&run(
        &single(json!({"Type": "Pass", "Parameters": {"v.$": call}})),
        input,
    ))
    .map(|output| output["v"].clone())
}

#[test]
fn functions_give_what_aws_gives() {
    let input = json!({
        "list": [1, 2, 3, 4, 5], "twice": [1, 1.0, "1", [1], [1], {"a": 1}], "text": "a.b,c..d", "name": "Ann",
        "object": {"Key": 1, "List": [true, null, "x"]}, "half": 2.5, "less": -2.5, "json": "{\"a\": [1]}", "nothing": null
    });
    let cases: &[(&str, Value)] = &[
        ("States.Array()", json!([])),
        (
            "States.Array($.name, 1, 'two', null, true)",
            json!(["Ann", 1, "two", null, true]),
        ),
        ("States.ArrayPartition($.list, 2)", json!([[1, 2], [3, 4], [5]])),
        ("States.ArrayContains($.list, 3)", json!(true)),
        ("States.ArrayContains($.list, '3')", json!(false)),
        ("States.ArrayRange(1, 9, 3)", json!([1, 4, 7])),
        ("States.ArrayRange(3, 1, -1)", json!([3, 2, 1])),
        ("States.ArrayRange(3, 1, 1)", json!([])),
        ("States.ArrayGetItem($.list, 4)", json!(5)),
        ("States.ArrayLength($.list)", json!(5)),
        ("States.ArrayUnique($.twice)", json!([1, "1", [1], {"a": 1}])),
        ("States.Base64Encode($.name)", json!("QW5u")),
        ("States.Base64Decode('QW5u')", json!("Ann")),
        (
            "States.Hash($.name, 'SHA-1')",
            json!("219dc550cd320d69885a529524239d875ad19347"),
        ),
        (
            "States.JsonMerge($.object, States.StringToJson($.json), false)",
            json!({"Key": 1, "List": [true, null, "x"], "a": [1]}),
        ),
        (
            "States.JsonToString($.object)",
            json!("{\"Key\":1,\"List\":[true,null,\"x\"]}"),
        ),
        ("States.StringToJson($.json)", json!({"a": [1]})),
        ("States.StringToJson('')", json!(null)),
        // Fractions are rounded before they are added, halves upwards.
        ("States.MathAdd($.half, 1)", json!(4)),
        ("States.MathAdd($.less, 0)", json!(-2)),
        // Every character of the delimiter splits, and empty pieces are dropped.
        ("States.StringSplit($.text, '.,')", json!(["a", "b", "c", "d"])),
        (
            "States.Format('Hello {}, {} of {}!', $.name, 1, $.nothing)",
            json!("Hello Ann, 1 of null!"),
        ),
        ("States.Format('{}', $.object)", json!("{Key=1, List=[true, null, x]}")),
        ("States.Format('\\{\\} \\'{}\\' \\\\', 1)", json!("{} '1' \\")),
        ("States.Array('\\{\\'\\}', '\\\\')", json!(["{'}", "\\"])),
        (
            "States.Format('{}', States.Format('<{}>', States.MathAdd(1, 2)))",
            json!("<3>"),
        ),
        (
            "States.ArrayGetItem(States.StringSplit($$.Execution.Name, 'x'), 0)",
            json!("e"),
        ),
    ];
    for (call, expected) in cases {
        assert_eq!(evaluate(call, &input).as_ref(), Ok(expected), "{call}");
    }
}

#[test]
fn what_does_not_suit_a_function_is_named() {
    let input = json!({"list": [1], "text": "x"});
    let calls = [
        "States.ArrayGetItem($.list, 1)",
        "States.ArrayLength($.text)",
        "States.ArrayPartition($.list, 0)",
        "States.ArrayRange(1, 2000, 1)",
        "States.Base64Decode('*')",
        "States.Format('{} {}', 1)",
        "States.Hash('x', 'CRC')",
        "States.JsonMerge($.list, $.list, false)",
        "States.MathAdd($.text, 1)",
        "States.StringToJson('{')",
    ];
    for call in calls {
        let (error, cause) = evaluate(call, &input).unwrap_err();
        assert_eq!(error, "States.IntrinsicFailure", "{call}");
        assert!(
            cause.contains(&format!("The function '{call}' had the following error")),
            "{cause}"
        );
    }
}

#[test]
fn randomness_comes_from_the_seed() {
    let state = json!({"Type": "Pass", "Parameters": {
        "uuid.$": "States.UUID()", "number.$": "States.MathRandom(10, 20)", "seeded.$": "States.MathRandom(0, 1000, 7)"
    }});
    let first = outcome(&run(&single(state.clone()), &json!({})));
    let second = outcome(&run(&single(state), &json!({})));
    assert_eq!(first, second);
    let value = first.unwrap();
    assert!((10..20).contains(&value["number"].as_i64().unwrap()));
    let uuid = value["uuid"].as_str().unwrap();
    assert_eq!((uuid.len(), uuid.as_bytes()[14]), (36, b'4'));
}
