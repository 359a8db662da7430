//! Patterns that are refused, and what is said of them.

use super::super::Pattern;
use serde_json::{Value, json};

const MIXED: &str = "Inside anything but list, either all values are number or string, mixed type is not supported";
const NO_VALUE: &str =
    "Unrecognized token 'a': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/// Patterns with a mistake, what EventBridge says of it, and the column that it names.
const MISTAKES: &[(&str, &str, usize)] = &[
    ("", "Filter is not an object", 1),
    ("[]", "Filter is not an object", 2),
    ("{}", "Empty objects are not allowed", 3),
    (r#"{"a": "x"}"#, r#""a" must be an object or an array"#, 8),
    (r#"{"a": 42}"#, r#""a" must be an object or an array"#, 9),
    (r#"{"a": true"#, r#""a" must be an object or an array"#, 11),
    (r#"{"a": []}"#, "Empty arrays are not allowed", 9),
    (r#"{"a": {}}"#, "Empty objects are not allowed", 9),
    (
        r#"{"a": [[1]]}"#,
        "Match value must be String, number, true, false, or null",
        9,
    ),
    (r#"{"a": [{}]}"#, "Match expression name not found", 10),
    (
        r#"{"a": [{"sounds-like": "x"}]}"#,
        "Unrecognized match type sounds-like",
        25,
    ),
    (r#"{"a": [{"EXISTS": true}]}"#, "Unrecognized match type EXISTS", 23),
    (
        r#"{"a": [{"exists": "true"}]}"#,
        "exists match pattern must be either true or false.",
        20,
    ),
    (r#"{"a": [{"prefix": 1}]}"#, "prefix match pattern must be a string", 20),
    (
        r#"{"a": [{"prefix": {"wildcard": "x"}}]}"#,
        "Unsupported prefix pattern: wildcard",
        33,
    ),
    (r#"{"a": [{"suffix": {}}]}"#, "Suffix expression name not found", 21),
    (
        r#"{"a": [{"prefix": "a", "suffix": "b"}]}"#,
        "Only one key allowed in match expression",
        35,
    ),
    (
        r#"{"a": [{"equals-ignore-case": ["x"]}]}"#,
        "equals-ignore-case match pattern must be a string",
        32,
    ),
    (
        r#"{"a": [{"wildcard": "a**"}]}"#,
        "Consecutive wildcard characters at pos 2",
        26,
    ),
    (
        r#"{"a": [{"wildcard": "a\\b"}]}"#,
        "Invalid escape character at pos 2",
        27,
    ),
    (r#"{"a": [{"numeric": 1}]}"#, "Value of numeric must be an array.", 21),
    (r#"{"a": [{"numeric": []}]}"#, "Invalid member in numeric match: ]", 22),
    (
        r#"{"a": [{"numeric": ["~", 5]}]}"#,
        "Unrecognized numeric range operator: ~",
        27,
    ),
    (
        r#"{"a": [{"numeric": ["=", "5"]}]}"#,
        "Value of equals must be numeric",
        27,
    ),
    (r#"{"a": [{"numeric": [">", true]}]}"#, "Value of > must be numeric", 30),
    (
        r#"{"a": [{"numeric": ["<", 5, ">", 1]}]}"#,
        "Too many elements in numeric expression",
        30,
    ),
    (
        r#"{"a": [{"numeric": [">", 5, ">", 7]}]}"#,
        "Bad numeric range operator: >",
        32,
    ),
    (
        r#"{"a": [{"numeric": [">", 5, 7]}]}"#,
        "Bad value in numeric range: 7",
        30,
    ),
    (
        r#"{"a": [{"numeric": [">", 5, "<", 7, 8]}]}"#,
        "Too many terms in numeric range expression",
        38,
    ),
    (
        r#"{"a": [{"numeric": [">", 5, "<=", 5]}]}"#,
        "Bottom must be less than top",
        37,
    ),
    (
        r#"{"a": [{"numeric": [">", 9007199254740993]}]}"#,
        "Cannot compare number : 9007199254740993",
        43,
    ),
    (
        r#"{"a": [{"anything-but": null}]}"#,
        "Value of anything-but must be an array or single string/number value.",
        29,
    ),
    (
        r#"{"a": [{"anything-but": {"numeric": 1}}]}"#,
        "Unsupported anything-but pattern: numeric",
        38,
    ),
    (r#"{"a": [{"anything-but": []}]}"#, MIXED, 27),
    (r#"{"a": [{"anything-but": ["x", 1]}]}"#, MIXED, 33),
    (
        r#"{"a": [{"anything-but": {"prefix": ""}}]}"#,
        "Null prefix/suffix not allowed",
        38,
    ),
    (
        r#"{"a": [{"anything-but": {"wildcard": 1}}]}"#,
        "wildcard match pattern must be a string",
        39,
    ),
    (r#"{"$or": {"a": [1]}}"#, "It must be an Array followed with $or.", 10),
    (
        r#"{"$or": ["a", "b"]}"#,
        "Only JSON object is allowed in array of $or relationship.",
        11,
    ),
    (
        r#"{"$or": [{"a": [1]}]}"#,
        "There must have at least 2 Objects in $or relationship.",
        21,
    ),
    (
        r#"{"$or": [{"a": [1]}, {"prefix": [1]}]}"#,
        "prefix is Ruler reserved fieldName which cannot be used inside $or.",
        34,
    ),
    (
        "{'a': 1}",
        "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
        2,
    ),
    (
        r#"{"a": [1 2]}"#,
        "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
        10,
    ),
    (r#"{"a": [01]}"#, "Invalid numeric value: Leading zeroes not allowed", 9),
    (r#"{"a": ["\q"]}"#, "Unrecognized character escape 'q' (code 113)", 10),
    ("a", NO_VALUE, 2),
];

#[test]
fn mistakes_are_told_in_eventbridges_words_with_their_place() {
    for (pattern, reason, column) in MISTAKES {
        let expected = format!(
            "Event pattern is not valid. Reason: {reason}\n at [Source: (String)\"{pattern}\"; line: 1, column: {column}]"
        );
        assert_eq!(Pattern::parse(pattern).unwrap_err().to_string(), expected, "{pattern}");
    }
}

#[test]
fn some_mistakes_have_no_place_and_some_have_two() {
    for (pattern, reason) in [
        (r#"{"a": [{"cidr": "10.0.0.0"}]}"#, "Malformed CIDR, one '/' required"),
        (
            r#"{"a": [{"cidr": "10.0.0.0/x"}]}"#,
            "Malformed CIDR, mask bits must be an integer",
        ),
        (
            r#"{"a": [{"cidr": "10.0.0.0/-1"}]}"#,
            "Malformed CIDR, mask bits must not be negative",
        ),
        (r#"{"a": [{"cidr": "10.0.0.0/32"}]}"#, "IPv4 mask bits must be < 32"),
        (r#"{"a": [{"cidr": "::/128"}]}"#, "IPv6 mask bits must be < 128"),
        (r#"{"a": [{"cidr": "host/8"}]}"#, "Nonstandard IP address: host"),
        (r#"{"a": [{"cidr": "300.0.0.0/8"}]}"#, "Invalid IP address: 300.0.0.0"),
        (
            r#"{"a": [{"anything-but": 9007199254740993}]}"#,
            "Cannot compare number : 9007199254740993",
        ),
        (
            r#"{"a": [1"#,
            "Unexpected end-of-input: expected close marker for Array (start marker at [Source: (String)\"{\"a\": [1\"; line: 1, column: 7])\n at [Source: (String)\"{\"a\": [1\"; line: 1, column: 9]",
        ),
        (
            "{\n \"a\": [1}",
            "Unexpected close marker '}': expected ']' (for Array starting at [Source: (String)\"{\n \"a\": [1}\"; line: 2, column: 7])\n at [Source: (String)\"{\n \"a\": [1}\"; line: 2, column: 10]",
        ),
        // Told with its place, and that once more with the place.
        (
            r#"{"a": [{"anything-but": [null]}]}"#,
            "Inside anything but list, start|null|boolean is not supported.\n at [Source: (String)\"{\"a\": [{\"anything-but\": [null]}]}\"; line: 1, column: 30]\n at [Source: (String)\"{\"a\": [{\"anything-but\": [null]}]}\"; line: 1, column: 30]",
        ),
    ] {
        let error = Pattern::parse(pattern).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("Event pattern is not valid. Reason: {reason}"),
            "{pattern}"
        );
    }
}

#[test]
fn a_long_pattern_is_shown_in_part() {
    let pattern = format!(r#"{{"a": ["{}", []]}}"#, "x".repeat(600));
    let error = Pattern::parse(&pattern).unwrap_err().to_string();
    let shown: String = pattern.chars().take(500).collect();
    assert!(
        error.ends_with(&format!("\"{shown}\"[truncated 115 chars]; line: 1, column: 613]")),
        "{error}"
    );
}

#[test]
fn too_many_combinations_are_refused() {
    let alternatives = r#""$or": [{"a": [1]}, {"b": [1]}, {"c": [1]}, {"d": [1]}]"#;
    let pattern = |count| format!("{{{}}}", vec![alternatives; count].join(", "));
    assert!(Pattern::parse(&pattern(4)).is_ok(), "256 combinations");
    let error = Pattern::parse(&pattern(5)).unwrap_err().to_string();
    assert!(error.contains("1000 rule combinations"), "{error}");
}

/// Most of these AWS was seen to take or to refuse; the last ones show what is counted together.
#[test]
fn wildcards_can_be_too_complex() {
    let stacks = |names: &[&str]| {
        let wildcards = names
            .iter()
            .map(|name| json!({"wildcard": format!("*:stack/{name}/*")}));
        json!({"a": wildcards.collect::<Vec<Value>>()})
    };
    for (pattern, taken) in [
        (json!({"a": [{"wildcard": "*"}]}), true),
        (json!({"a": [{"wildcard": "*/dir/*.png"}]}), true),
        (
            json!({"a": [{"wildcard": "/Users/*/dir/dir/dir/dir/dir/doc.txt"}]}),
            true,
        ),
        (
            json!({"a": [{"wildcard": "arn:aws:events:us-east-1:*:event-bus/*"}]}),
            true,
        ),
        (
            json!({"a": [{"anything-but": {"wildcard": ["*/init/*", "*/dir/*"]}}]}),
            true,
        ),
        (stacks(&["Shared", "Tracker", "Driver"]), true),
        (stacks(&["Shared", "Tracker", "Driver", "Monitoring"]), false),
        (json!({"a": [{"wildcard": "*:*:*:*:*:event-bus/*"}]}), false),
        (
            json!({"a": [{"anything-but": {"wildcard": "*:*:*:*:*:event-bus/*"}}]}),
            false,
        ),
        (
            json!({"a": [{"wildcard": "*:*:*:*"}], "b": [{"wildcard": "*:*:*:*"}]}),
            true,
        ),
        (
            json!({"$or": [{"a": [{"wildcard": "*:*:*:*"}]}, {"a": [{"wildcard": "*:*:*:*:"}]}]}),
            false,
        ),
    ] {
        let error = Pattern::parse(&pattern.to_string())
            .err()
            .map(|error| error.to_string());
        let complex = "Event pattern is not valid. Reason: Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character";
        assert_eq!(error.as_deref(), (!taken).then_some(complex), "{pattern}");
    }
}
