//! Scripts that people run by hand, on Linux and on macOS: with the bash 3.2 and the BSD tools of the latter.

use super::house::{Finding, assert_none, files, lines};

/// What only newer or GNU's tools have, and what does it on both.
const ELSEWHERE: &[(&str, &str)] = &[
    ("mapfile ", "read line by line: it came with bash 4"),
    ("readarray ", "read line by line: it came with bash 4"),
    ("declare -A", "use a case: arrays with names came with bash 4"),
    ("local -A", "use a case: arrays with names came with bash 4"),
    (",,}", "use tr: it came with bash 4"),
    ("^^}", "use tr: it came with bash 4"),
    ("|& ", "write `2>&1 |`: it came with bash 4"),
    ("&>>", "write `>>FILE 2>&1`: it came with bash 4"),
    ("wait -n", "wait for each: it came with bash 4.3"),
    (
        "sed -i ",
        "write to another file: BSD's takes what follows for the ending of a copy",
    ),
    ("\\|", "use `sed -E` or `grep -E`: GNU's alone know `\\|`"),
    ("sed -r", "use `sed -E`"),
    ("grep -P", "use `grep -E`"),
    ("-printf", "use what `find` prints by itself"),
    ("readlink -f", "use `cd … && pwd -P`"),
    ("stat -c", "use `wc -c` or `ls -l`"),
    ("stat --", "use `wc -c` or `ls -l`"),
    ("date -d", "use Python"),
    ("date --", "use Python"),
    ("touch -d", "use `touch -t`"),
    ("touch --", "use `touch -t`"),
    ("cp --", "use the short option"),
    ("tar --", "use the short option"),
    ("mktemp --", "use `mktemp -d`"),
    ("xargs -r", "ask first whether there is anything"),
    ("sort -V", "use Python"),
    ("base64 -w", "use `tr -d '\\n'`"),
    ("$(nproc", "use `getconf _NPROCESSORS_ONLN`"),
];

/// Whether a script is for people's own machines: what CI and the fuzzer run is for Linux.
fn is_for_people(path: &str, text: &str) -> bool {
    let folders = ["sam/", "container/", ".ci/release/archive", ".ci/release/version"];
    text.starts_with("#!/usr/bin/env bash") && folders.iter().any(|folder| path.starts_with(folder))
}

/// Whether a line has a text: as a word of its own, where it begins with a letter.
fn has(line: &str, written: &str) -> bool {
    let is_word = written.starts_with(char::is_alphabetic);
    let goes_on = |before: &str| is_word && before.ends_with(|c: char| c.is_alphanumeric() || c == '-');
    line.match_indices(written).any(|(at, _)| !goes_on(&line[..at]))
}

/// What of a script works on Linux alone.
fn faults(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in lines(text).filter(|(_, line)| !line.trim_start().starts_with('#')) {
        let place = || format!("{path}:{number}");
        for (written, mend) in ELSEWHERE.iter().filter(|(written, _)| has(line, written)) {
            findings.push(Finding::new(place(), format_args!("`{}`", written.trim()), mend));
        }
        // Its parser counts the quotes in a text that stands there.
        let is_here = line.split_once("<<").is_some_and(|(_, rest)| !rest.starts_with('<'));
        if line.contains("$(") && is_here {
            findings.push(Finding::new(
                place(),
                "a text (`<<`) inside of `$(…)`, which bash 3.2 misreads",
                "write what it gives to a file, and read that",
            ));
        }
    }
    // macOS has `shasum` alone, not every Linux has it.
    if text.contains("sha256sum") && !text.contains("shasum -a 256") {
        findings.push(Finding::new(
            path,
            "knows `sha256sum` alone",
            "take `shasum -a 256` where it is not there",
        ));
    }
    findings
}

#[test]
fn scripts_for_people_work_on_macos() {
    let scripts: Vec<_> = files()
        .iter()
        .filter(|(path, text)| is_for_people(path, text))
        .collect();
    assert!(scripts.iter().any(|(path, _)| path.as_str() == "sam/deploy"));
    assert_none(scripts.iter().flat_map(|(path, text)| faults(path, text)).collect());
}

#[test]
fn what_works_on_linux_alone_is_found() {
    for (line, found) in [
        ("mapfile -t names < <(ls)", 1),
        ("sed -i 's/a/b/' file", 1),
        ("sed -i.bak 's/a/b/' file", 0),
        ("sed 's/a\\|b//'", 1),
        ("sed -E 's/a|b//'", 0),
        ("x=\"$(python3 - <<'END'", 1),
        ("x=\"$(sed -n p <<<\"$y\")\"", 0),
        ("sha256sum x", 1),
        ("sums=(shasum -a 256) || sums=(sha256sum)", 0),
        ("# sed -i is GNU's", 0),
        ("sam validate --lint", 0),
        ("x=\"$(date --date=now)\"", 1),
        ("echo \"${x,,}\"", 1),
    ] {
        assert_eq!(
            faults("s", &format!("#!/usr/bin/env bash\n{line}\n")).len(),
            found,
            "{line}"
        );
    }
}
