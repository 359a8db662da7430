//! What patterns want and what they refuse, case by case.
//!
//! The rules are those of <https://github.com/aws/event-ruler>, which EventBridge runs, and of the user guide.

mod refusals;

use super::Pattern;
use serde_json::{Value, json};

/// A field's matchers as JSON, values that they want, and values that they do not want.
type Wants<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

/// Plays each value of a field, as it is written.
fn check(cases: &[Wants]) {
    for (matchers, wanted, unwanted) in cases {
        let pattern = Pattern::parse(&format!("{{\"a\": {matchers}}}")).unwrap();
        for (values, expected) in [(wanted, true), (unwanted, false)] {
            for value in *values {
                let event: Value = serde_json::from_str(&format!("{{\"a\": {value}}}")).unwrap();
                assert_eq!(pattern.matches(&event), expected, "{matchers} of {value}");
            }
        }
    }
}

#[test]
fn plain_values_keep_their_type() {
    check(&[
        (
            r#"["x"]"#,
            &[r#""x""#, r#"["y", "x"]"#],
            &[r#""X""#, r#"{"x": "x"}"#, "null"],
        ),
        (r#"[""]"#, &[r#""""#], &["null", "[]", r#"" ""#]),
        ("[null]", &["null", "[null]"], &[r#""null""#, r#""""#, "[]", "{}"]),
        ("[true]", &["true"], &[r#""true""#, "false", "1"]),
        (r#"["true", 5]"#, &[r#""true""#, "5"], &["true", r#""5""#]),
    ]);
}

#[test]
fn numbers_are_compared_by_their_value() {
    check(&[
        ("[300]", &["300", "300.0", "3.0e2"], &[r#""300""#, "300.1"]),
        ("[3.0e2]", &["300"], &["3"]),
        ("[0]", &["0", "-0", "0.0"], &["0.1", "null"]),
        // No double is exactly this: it is compared as it is written.
        (
            "[9007199254740993]",
            &["9007199254740993"],
            &["9007199254740992", "9007199254740994"],
        ),
        (r#"[{"numeric": ["=", 3.018e2]}]"#, &["301.8"], &["3.018", r#""301.8""#]),
        (r#"[{"numeric": ["=", 0.3]}]"#, &["0.3"], &["0.30000000000000004"]),
        (
            r#"[{"numeric": [">", 0, "<=", 5]}]"#,
            &["0.1", "5", "5.0"],
            &["0", "5.1", "-1", r#""3""#],
        ),
        (
            r#"[{"numeric": [">=", -5, "<", -1]}]"#,
            &["-5", "-1.5"],
            &["-1", "-6", "1"],
        ),
        (
            r#"[{"numeric": ["<", 10]}]"#,
            &["9.99", "-1e300"],
            &["10", "1e2", "true"],
        ),
        (r#"[{"numeric": [">=", 1e300]}]"#, &["1e300", "1.7e308"], &["9e299"]),
    ]);
}

#[test]
fn texts_are_compared_from_both_ends_and_in_any_case() {
    check(&[
        (
            r#"[{"prefix": "ab"}]"#,
            &[r#""ab""#, r#""abc""#],
            &[r#""Abc""#, r#""cab""#, "1"],
        ),
        (r#"[{"prefix": ""}]"#, &[r#""""#, r#""x""#], &["1", "null"]),
        (r#"[{"suffix": "bc"}]"#, &[r#""bc""#, r#""abc""#], &[r#""bcd""#, "1"]),
        (r#"[{"suffix": "日本"}]"#, &[r#""の日本""#], &[r#""本日""#]),
        (
            r#"[{"equals-ignore-case": "aBc"}]"#,
            &[r#""AbC""#],
            &[r#""abcd""#, r#""ab""#],
        ),
        (r#"[{"equals-ignore-case": "É"}]"#, &[r#""é""#], &[r#""e""#]),
        (r#"[{"equals-ignore-case": "ß"}]"#, &[r#""ß""#, r#""SS""#], &[r#""ss""#]),
        (
            r#"[{"prefix": {"equals-ignore-case": "ab"}}]"#,
            &[r#""ABC""#, r#""aB""#],
            &[r#""a""#, r#""cab""#],
        ),
        (
            r#"[{"suffix": {"equals-ignore-case": ".PNG"}}]"#,
            &[r#""a.png""#],
            &[r#""a.png2""#],
        ),
        (r#"[{"exactly": "10.0.0.1"}]"#, &[r#""10.0.0.1""#], &[r#""010.0.0.1""#]),
    ]);
}

#[test]
fn wildcards_are_stars_alone() {
    check(&[
        (
            r#"[{"wildcard": "a*c"}]"#,
            &[r#""abbc""#, r#""ac""#, r#""a*c""#],
            &[r#""abcd""#, r#""a""#],
        ),
        (r#"[{"wildcard": "*b*"}]"#, &[r#""b""#, r#""abc""#], &[r#""ac""#]),
        (r#"[{"wildcard": "*"}]"#, &[r#""""#, r#""x""#], &["1", "null"]),
        (r#"[{"wildcard": ""}]"#, &[r#""""#], &[r#""x""#]),
        (r#"[{"wildcard": "a*a"}]"#, &[r#""aa""#], &[r#""a""#]),
        (r#"[{"wildcard": "a?"}]"#, &[r#""a?""#], &[r#""ab""#]),
        (r#"[{"wildcard": "a\\*c"}]"#, &[r#""a*c""#], &[r#""abc""#]),
        (r#"[{"wildcard": "a\\\\*"}]"#, &[r#""a\\b""#], &[r#""ab""#]),
    ]);
}

#[test]
fn anything_but_wants_a_value_of_any_type() {
    check(&[
        (
            r#"[{"anything-but": "x"}]"#,
            &[r#""y""#, "1", "null", "true", r#"["x", "y"]"#],
            &[r#""x""#, "[]", "{}"],
        ),
        (r#"[{"anything-but": 5}]"#, &["6", r#""5""#, "null"], &["5", "5.0"]),
        (
            r#"[{"anything-but": ["x", "y"]}]"#,
            &[r#""z""#, "1"],
            &[r#""x""#, r#"["x", "y"]"#],
        ),
        (r#"[{"anything-but": [1, 2]}]"#, &["3", r#""1""#], &["1", "2e0"]),
        (
            r#"[{"anything-but": {"prefix": "x"}}]"#,
            &[r#""ax""#, "1", "null"],
            &[r#""xa""#],
        ),
        (
            r#"[{"anything-but": {"prefix": ["x", "y"]}}]"#,
            &[r#""z""#],
            &[r#""ya""#],
        ),
        (
            r#"[{"anything-but": {"suffix": ["x", "y"]}}]"#,
            &[r#""xz""#],
            &[r#""ay""#],
        ),
        (
            r#"[{"anything-but": {"equals-ignore-case": ["x"]}}]"#,
            &[r#""xx""#],
            &[r#""X""#],
        ),
        (
            r#"[{"anything-but": {"wildcard": ["*x*", "y*"]}}]"#,
            &[r#""zy""#],
            &[r#""axb""#, r#""yz""#],
        ),
        // An empty list is read, but nothing is wanted.
        (r#"[{"anything-but": {"prefix": []}}]"#, &[], &[r#""x""#]),
        // Each by itself wants what the other does not.
        (
            r#"[{"anything-but": "x"}, {"anything-but": "y"}]"#,
            &[r#""x""#, r#""y""#],
            &[],
        ),
    ]);
}

#[test]
fn addresses_are_compared_by_their_bits() {
    check(&[
        (
            r#"[{"cidr": "10.0.0.0/24"}]"#,
            &[r#""10.0.0.0""#, r#""10.0.0.255""#, r#""010.0.0.7""#],
            &[r#""10.0.1.0""#, r#""x""#, "10"],
        ),
        (r#"[{"cidr": "10.0.0.77/24"}]"#, &[r#""10.0.0.1""#], &[r#""10.0.1.77""#]),
        (
            r#"[{"cidr": "0.0.0.0/0"}]"#,
            &[r#""255.1.2.3""#],
            &[r#""256.1.2.3""#, r#""::1""#],
        ),
        (
            r#"[{"cidr": "2001:db8::/32"}]"#,
            &[r#""2001:0db8:0:0::5""#],
            &[r#""2001:db9::""#, r#""32.1.13.184""#],
        ),
        (
            r#"["10.0.0.1"]"#,
            &[r#""10.0.0.1""#, r#""10.000.0.01""#],
            &[r#""10.0.0.10""#],
        ),
        (r#"["::1"]"#, &[r#""0:0::1""#], &[r#""1::""#]),
    ]);
}

#[test]
fn existence_is_of_leaves() {
    check(&[
        (
            r#"[{"exists": true}]"#,
            &["0", "null", r#""""#, "[1]", r#"[{"b": 1}, 2]"#],
            &["{}", "[]", r#"{"b": 1}"#],
        ),
        (
            r#"[{"exists": false}]"#,
            &["{}", "[]", r#"{"b": 1}"#],
            &["0", "null", r#"[{"b": 1}, 2]"#],
        ),
        (r#"[{"exists": false}, "x"]"#, &["[]", r#""x""#], &[r#""y""#]),
    ]);
}

/// Patterns and events as they are written, and whether they match.
const STRUCTURES: &[(&str, &str, bool)] = &[
    // A path may be written with dots, on either side.
    (r#"{"a": {"b": [1]}}"#, r#"{"a.b": 1}"#, true),
    (r#"{"a.b": [1]}"#, r#"{"a": {"b": 1}}"#, true),
    (r#"{"a": {"b.c": [1]}}"#, r#"{"a.b": {"c": 1}}"#, true),
    (r#"{"a": {"b": [1]}}"#, r#"{"a": {"B": 1}}"#, false),
    // Of a name that is written twice the last one counts.
    (r#"{"a": [1], "a": [2]}"#, r#"{"a": 1}"#, false),
    (r#"{"a": [1], "a": [2]}"#, r#"{"a": 2}"#, true),
    (
        r#"{"a": {"b": [1]}, "a": {"c": [2]}}"#,
        r#"{"a": {"b": 1, "c": 2}}"#,
        true,
    ),
    (r#"{"a": {"b": [1]}, "a": {"c": [2]}}"#, r#"{"a": {"c": 2}}"#, false),
    // Elements of arrays in arrays are elements.
    (r#"{"a": [3]}"#, r#"{"a": [[1, 2], [3]]}"#, true),
    (r#"{"a": {"b": [2]}}"#, r#"{"a": [[{"b": 1}], [{"b": 2}]]}"#, true),
    // What is in one element of an array is one thing.
    (r#"{"a": {"b": [1], "c": [2]}}"#, r#"{"a": [{"b": 1, "c": 2}]}"#, true),
    (
        r#"{"a": {"b": [1], "c": [2]}}"#,
        r#"{"a": [{"b": 1}, {"c": 2}]}"#,
        false,
    ),
    (
        r#"{"a": {"b": [1], "c": [2]}}"#,
        r#"{"a": [[{"b": 1}, {"c": 2}]]}"#,
        false,
    ),
    (
        r#"{"a": {"b": [1]}, "d": {"c": [2]}}"#,
        r#"{"a": [{"b": 0}, {"b": 1}], "d": [{"c": 2}, {"c": 3}]}"#,
        true,
    ),
    (
        r#"{"a": {"b": {"c": [1]}, "d": [2]}}"#,
        r#"{"a": [{"b": [{"c": 0}, {"c": 1}], "d": 2}]}"#,
        true,
    ),
    (
        r#"{"a": {"b": {"c": [1]}, "d": [2]}}"#,
        r#"{"a": [{"b": [{"c": 1}], "d": 0}, {"b": [], "d": 2}]}"#,
        false,
    ),
    (
        r#"{"a": {"b": {"c": [1], "e": [2]}}}"#,
        r#"{"a": [{"b": [{"c": 1}, {"e": 2}]}, {"b": [{"c": 1, "e": 2}]}]}"#,
        true,
    ),
    // What must not be there is looked for where the rest was found.
    (
        r#"{"a": {"b": [1], "c": [{"exists": false}]}}"#,
        r#"{"a": [{"b": 1}, {"b": 2, "c": 3}]}"#,
        true,
    ),
    (
        r#"{"a": {"b": [1], "c": [{"exists": false}]}}"#,
        r#"{"a": [{"b": 1, "c": 3}, {"b": 2}]}"#,
        false,
    ),
    (r#"{"a": {"b": [{"exists": false}]}}"#, "{}", true),
    // Alternatives, beside and in one another; a field behind them takes the place of one of the same name in them.
    (r#"{"$or": [{"a": [1]}, {"b": [2]}]}"#, r#"{"b": 2}"#, true),
    (r#"{"$or": [{"a": [1]}, {"b": [2]}], "c": [3]}"#, r#"{"a": 1}"#, false),
    (
        r#"{"a": {"$or": [{"b": [1]}, {"c": [2]}]}}"#,
        r#"{"a": {"c": 2}}"#,
        true,
    ),
    (r#"{"a": {"$or": [{"b": [1]}, {"c": [2]}]}}"#, r#"{"c": 2}"#, false),
    (
        r#"{"$or": [{"a": [1]}, {"$or": [{"b": [2]}, {"c": [3]}]}]}"#,
        r#"{"c": 3}"#,
        true,
    ),
    (
        r#"{"$or": [{"a": [1]}, {"b": [2]}], "$or": [{"c": [3]}, {"d": [4]}]}"#,
        r#"{"a": 1, "d": 4}"#,
        true,
    ),
    (
        r#"{"$or": [{"a": [1]}, {"b": [2]}], "$or": [{"c": [3]}, {"d": [4]}]}"#,
        r#"{"a": 1, "b": 2}"#,
        false,
    ),
    (r#"{"a": [1], "$or": [{"a": [2]}, {"b": [3]}]}"#, r#"{"a": 2}"#, true),
    (r#"{"$or": [{"a": [2]}, {"b": [3]}], "a": [1]}"#, r#"{"a": 2}"#, false),
    // What follows the pattern is not looked at.
    (r#"{"a": [1]} and more"#, r#"{"a": 1}"#, true),
];

#[test]
fn structures_are_paths_and_elements_of_arrays() {
    for (pattern, event, expected) in STRUCTURES {
        let parsed = Pattern::parse(pattern).unwrap();
        let event: Value = serde_json::from_str(event).unwrap();
        assert_eq!(parsed.matches(&event), *expected, "{pattern} of {event}");
        assert_eq!(parsed.why_not(&event).is_none(), *expected, "{pattern} of {event}");
    }
}

#[test]
fn patterns_want_what_eventbridge_documents() {
    let event = json!({
        "source": "aws.ecr",
        "detail": {
            "tag": "release-1.2", "size": 12.5, "count": 3, "on": true, "none": null, "ip": "10.0.1.7",
            "list": ["a", "b"], "objects": [{"k": 1, "v": "x"}, {"k": 2, "v": "y"}], "nested": {"deep": "z"}, "empty": [],
        },
    });
    let tag = |matcher: Value| json!({"detail": {"tag": [matcher]}});
    let detail = |name: &str, matcher: Value| json!({"detail": {name: [matcher]}});
    for (pattern, wanted) in [
        (json!({"source": ["aws.ecr"]}), true),
        (json!({"source": ["aws.s3", "aws.ecr"]}), true),
        (json!({"source": ["aws.s3"], "detail": {"tag": ["release-1.2"]}}), false),
        (tag(json!("release-1.2")), true),
        (tag(json!({"prefix": "release-"})), true),
        (tag(json!({"prefix": {"equals-ignore-case": "RELEASE"}})), true),
        (tag(json!({"prefix": "Release"})), false),
        (tag(json!({"suffix": ".2"})), true),
        (tag(json!({"suffix": {"equals-ignore-case": "-1.2"}})), true),
        (tag(json!({"equals-ignore-case": "RELEASE-1.2"})), true),
        (tag(json!({"wildcard": "rel*-*.2"})), true),
        (tag(json!({"wildcard": "rel*-\\*.2"})), false),
        (tag(json!({"anything-but": "release-1.2"})), false),
        (tag(json!({"anything-but": ["x", "y"]})), true),
        (tag(json!({"anything-but": {"prefix": "commit-"}})), true),
        (tag(json!({"anything-but": {"prefix": ["commit-", "release-"]}})), false),
        (tag(json!({"anything-but": {"wildcard": "*1*"}})), false),
        (
            tag(json!({"anything-but": {"equals-ignore-case": ["a", "RELEASE-1.2"]}})),
            false,
        ),
        (detail("missing", json!({"anything-but": "x"})), false),
        (detail("size", json!({"numeric": [">", 0, "<=", 12.5]})), true),
        (detail("size", json!({"numeric": ["=", 12.5]})), true),
        (detail("size", json!({"numeric": ["<", 12.5]})), false),
        (detail("tag", json!({"numeric": [">", 0]})), false),
        (detail("count", json!(3.0)), true),
        (detail("count", json!("3")), false),
        (detail("on", json!(true)), true),
        (detail("none", json!(null)), true),
        (detail("missing", json!(null)), false),
        (detail("ip", json!({"cidr": "10.0.0.0/16"})), true),
        (detail("ip", json!({"cidr": "10.0.0.0/24"})), false),
        (detail("ip", json!({"cidr": "::/0"})), false),
        (detail("missing", json!({"exists": false})), true),
        (detail("tag", json!({"exists": false})), false),
        (detail("tag", json!({"exists": true})), true),
        (detail("nested", json!({"exists": true})), false),
        (detail("empty", json!({"exists": true})), false),
        (json!({"detail.nested.deep": ["z"]}), true),
        (json!({"detail": {"nested.deep": ["z"]}}), true),
        (json!({"absent": {"deeper": [{"exists": false}]}}), true),
        (detail("list", json!("b")), true),
        (detail("list", json!("c")), false),
        (json!({"detail": {"objects": {"k": [2], "v": ["y"]}}}), true),
        (json!({"detail": {"objects": {"k": [1], "v": ["y"]}}}), false),
        (json!({"$or": [{"source": ["x"]}, {"detail": {"count": [3]}}]}), true),
        (
            json!({"$or": [{"source": ["x"]}, {"source": ["y"]}], "detail": {"count": [3]}}),
            false,
        ),
        (json!({"detail": {"$or": [{"count": [4]}, {"on": [true]}]}}), true),
    ] {
        let parsed = Pattern::parse(&pattern.to_string()).unwrap();
        assert_eq!(parsed.matches(&event), wanted, "{pattern}");
    }
}

#[test]
fn what_does_not_fit_is_said_in_words() {
    let event = json!({"source": "aws.states", "detail": {
        "state": "STARTED", "size": 12, "ip": "10.0.1.7", "list": ["a", "b"], "objects": [{"k": 1}], "empty": [], "none": null,
    }});
    let detail = |name: &str, matchers: Value| json!({"source": ["aws.states"], "detail": {name: matchers}});
    for (pattern, expected) in [
        (
            detail("state", json!(["SUCCEEDED", "FAILED"])),
            "`detail.state` is `STARTED`, the pattern wants `SUCCEEDED` or `FAILED`",
        ),
        (
            json!({"source": ["aws.ecr"], "detail": {"state": ["FAILED"]}}),
            "`source` is `aws.states`, the pattern wants `aws.ecr`",
        ),
        (
            json!({"detail": {"a": {"b": [{"prefix": "x"}, {"suffix": {"equals-ignore-case": "y"}}]}}}),
            "`detail.a.b` is not there, the pattern wants what begins with `x` or what ends with `y` in any case",
        ),
        (
            detail("size", json!([{"numeric": [">", 0, "<=", 5]}])),
            "`detail.size` is `12`, the pattern wants a number > 0 and <= 5",
        ),
        (
            detail("ip", json!([{"cidr": "10.0.0.0/24"}])),
            "`detail.ip` is `10.0.1.7`, the pattern wants an address in 10.0.0.0/24",
        ),
        (
            detail("ip", json!([{"cidr": "2001:db8::/32"}])),
            "`detail.ip` is `10.0.1.7`, the pattern wants an address in 2001:db8::/32",
        ),
        (
            detail("state", json!([{"anything-but": ["STARTED", "x"]}])),
            "`detail.state` is `STARTED`, the pattern wants anything but `STARTED` and `x`",
        ),
        (
            detail("list", json!([{"wildcard": "c*"}])),
            "`detail.list` is `[\"a\",\"b\"]`, the pattern wants what is like `c*`",
        ),
        (
            detail("a", json!([{"exists": true}])),
            "`detail.a` is not there, the pattern wants a value there",
        ),
        (
            detail("size", json!([{"exists": false}])),
            "`detail.size` is `12`, the pattern wants none there",
        ),
        (
            json!({"detail": {"objects": {"k": [2]}}}),
            "`detail.objects.k` is `1`, the pattern wants `2`",
        ),
        (json!({"detail": {"empty": {"k": [2]}}}), "`detail.empty` is empty"),
        (
            json!({"detail": {"$or": [{"size": [1]}, {"state": [{"equals-ignore-case": "x"}]}]}}),
            "no alternative of `detail.$or` fits: `detail.size` is `12`, the pattern wants `1`; `detail.state` is `STARTED`, the pattern wants `x` in any case",
        ),
        (detail("none", json!([null])), ""),
    ] {
        let text = pattern.to_string();
        let pattern = Pattern::parse(&text).unwrap();
        assert_eq!(pattern.why_not(&event).unwrap_or_default(), expected, "{text}");
        assert_eq!(pattern.matches(&event), expected.is_empty(), "{text}");
    }
}
