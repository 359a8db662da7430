//! JSONPath in Jayway's dialect, through a Pass state's `Parameters`.

use crate::common::{outcome, run, single};
use serde_json::{Value, json};

fn evaluate(path: &str, input: &Value) -> Result<Value, (String, String)> {
    outcome(&run(
        &single(json!({"Type": "Pass", "Parameters": {"v.$": path}})),
        input,
    ))
    .map(|output| output["v"].clone())
}

#[test]
fn paths_find_what_jayway_finds() {
    let shop = json!({
        "store": {
            "book": [
                {"title": "A", "price": 8.95, "tags": ["x", "y"]},
                {"title": "B", "price": 12, "isbn": "1"},
                {"title": "C", "price": 8, "isbn": "2", "tags": []}
            ],
            "open-hours": {"mon day": 9, "a.b": 1}
        },
        "limit": 10,
        "names": ["Ann", "Bob"],
        "none": null
    });
    let cases: &[(&str, Value)] = &[
        ("$", shop.clone()),
        ("$.limit", json!(10)),
        ("$.none", json!(null)),
        ("$.store.open-hours['mon day']", json!(9)),
        ("$.store['open-hours'][\"a.b\"]", json!(1)),
        ("$['names'][0]", json!("Ann")),
        ("$.names[-1]", json!("Bob")),
        // Behind an array's end there is null, and not nothing.
        ("$.names[7]", json!(null)),
        // What can match several places gives a list, whatever it finds.
        ("$.names[*]", json!(["Ann", "Bob"])),
        ("$.names[0,1]", json!(["Ann", "Bob"])),
        ("$.names[1:]", json!(["Bob"])),
        ("$.names[:-1]", json!(["Ann"])),
        ("$.names[5:9]", json!([])),
        ("$.store.book[*].isbn", json!(["1", "2"])),
        ("$.store.book[0]['title','price']", json!({"title": "A", "price": 8.95})),
        ("$.store.book[1:]['isbn','no']", json!([{"isbn": "1"}, {"isbn": "2"}])),
        ("$['store','names'].book[0].title", json!(["A"])),
        ("$..isbn", json!(["1", "2"])),
        ("$..tags[0]", json!(["x", null])),
        ("$.store.book[?(@.price < 10)].title", json!(["A", "C"])),
        ("$.store.book[?(@.price < $.limit)].title", json!(["A", "C"])),
        ("$.store.book[?(@.isbn)].title", json!(["B", "C"])),
        ("$.store.book[?(!@.isbn)].title", json!(["A"])),
        (
            "$.store.book[?(@.price > 8 && @.price < 10 || @.title == 'B')].title",
            json!(["A", "B"]),
        ),
        ("$.store.book[?(@.title in ['A', 'C'])].price", json!([8.95, 8])),
        ("$.store.book[?(@.title =~ /[ab]/i)].title", json!(["A", "B"])),
        ("$.store.book[?(@.tags contains 'y')].title", json!(["A"])),
        ("$.store.book[?(@.tags empty true)].title", json!(["C"])),
        ("$.store.book[?(@.price > 99)]", json!([])),
        ("$.names.length()", json!(2)),
        ("$.store.book[*].price.max()", json!(12.0)),
    ];
    for (path, expected) in cases {
        assert_eq!(evaluate(path, &shop).as_ref(), Ok(expected), "{path}");
    }
}

#[test]
fn a_missing_path_fails_the_execution_and_says_where() {
    let (error, cause) = evaluate("$.a.b", &json!({"x": 1})).unwrap_err();
    assert_eq!(error, "States.Runtime");
    assert_eq!(
        cause,
        "An error occurred while executing the state 'S' (entered at the event id #2). The JSONPath '$.a.b' specified \
         for the field 'v.$' could not be found in the input '{\"x\":1}'"
    );
}

#[test]
fn input_and_output_paths_have_words_of_their_own() {
    let cases = [
        (
            json!({"Type": "Pass", "InputPath": "$.no"}),
            "Invalid path '$.no' : No results for path: $['no']",
        ),
        (
            json!({"Type": "Pass", "OutputPath": "$.no.way"}),
            "Invalid path '$.no.way' : Missing property in path $['no']",
        ),
    ];
    for (state, expected) in cases {
        let (error, cause) = outcome(&run(&single(state), &json!({}))).unwrap_err();
        assert_eq!(error, "States.Runtime");
        assert!(cause.ends_with(expected), "{cause}");
    }
}

#[test]
fn data_flows_through_the_paths_in_their_order() {
    let input = json!({"in": {"a": 1}, "keep": true});
    let cases: &[(Value, Value)] = &[
        (json!({"Type": "Pass", "InputPath": "$.in"}), json!({"a": 1})),
        (json!({"Type": "Pass", "InputPath": null}), json!({})),
        (json!({"Type": "Pass", "OutputPath": null}), json!({})),
        (json!({"Type": "Pass", "Result": 5, "ResultPath": null}), input.clone()),
        (json!({"Type": "Pass", "Result": 5, "ResultPath": "$"}), json!(5)),
        (
            json!({"Type": "Pass", "Result": 5, "ResultPath": "$.in.new.deep"}),
            json!({"in": {"a": 1, "new": {"deep": 5}}, "keep": true}),
        ),
        // The result goes into the input as it came, whatever `InputPath` left of it.
        (
            json!({"Type": "Pass", "InputPath": "$.in", "ResultPath": "$.copy", "OutputPath": "$.copy"}),
            json!({"a": 1}),
        ),
        // A result is not evaluated; parameters are.
        (
            json!({"Type": "Pass", "Result": {"x.$": "$.in"}}),
            json!({"x.$": "$.in"}),
        ),
        (
            json!({"Type": "Pass", "InputPath": "$.in", "Parameters": {"list": [{"n.$": "$.a"}], "name.$": "$$.State.Name"}}),
            json!({"list": [{"n": 1}], "name": "S"}),
        ),
    ];
    for (state, expected) in cases {
        assert_eq!(
            outcome(&run(&single(state.clone()), &input)).as_ref(),
            Ok(expected),
            "{state}"
        );
    }
}

#[test]
fn what_is_evaluated_stands_behind_what_is_constant_in_javas_order() {
    let state = json!({"Type": "Pass", "Parameters": {
        "size.$": "$", "zone": 1, "image.$": "$", "role.$": "$", "account": {"owner.$": "$", "team.$": "$", "cost.$": "$"},
        "name.$": "States.JsonToString(States.JsonMerge($.a, $.b, false))"
    }});
    let input = json!({"a": {"size": 1, "image": 2}, "b": {"role": 3, "name": 4}});
    let output = outcome(&run(&single(state), &input)).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&output), ["zone", "account", "image", "role", "size", "name"]);
    assert_eq!(keys(&output["account"]), ["owner", "cost", "team"]);
    assert_eq!(output["name"], json!(r#"{"image":2,"role":3,"size":1,"name":4}"#));
}
