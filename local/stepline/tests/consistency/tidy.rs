//! DESIGN's rules that a program can check: who may depend on whom, and how files look.

use super::house::{Finding, assert_none, files, files_in, lines, text, without_tests};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// As many lines as a file may have.
const LONG: usize = 500;

/// As many lines as a function of the product may have, from its signature to its last brace.
const LONG_FUNCTION: usize = 60;

/// Functions that may be longer, by file and name, and why.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[
    (
        "local/stepline/src/display/words.rs",
        "lines",
        "one match with a row for each thing that happens",
    ),
    (
        "shared/src/aws/error.rs",
        "kind_of",
        "one match with a row for each error code of AWS",
    ),
];

/// A rule about lines: where it holds, what no line may have, and what to do instead.
struct LineRule {
    /// Whether the rule holds for a file.
    holds: fn(path: &str) -> bool,
    /// What no line may contain, outside comments.
    never: &'static [&'static str],
    /// Whether unit tests at the end of a file may have it.
    tests_may: bool,
    /// What to do instead.
    mend: &'static str,
}

const LINE_RULES: &[LineRule] = &[
    LineRule {
        holds: |path| {
            let is_deployed = path.starts_with("functions/") || path.starts_with("shared/");
            is_deployed && !path.starts_with("shared/src/aws/") && !is_test(path)
        },
        never: &["aws_credential_types", "aws_sigv4", "aws_smithy_", "aws_types"],
        tests_may: true,
        mend: "use a port of `shared::ports`; only shared/src/aws knows how AWS is called",
    },
    LineRule {
        // A function's `ports.rs` is where its ports are the real ones, and `build.rs` is the compiler's.
        holds: |path| {
            let is_shell = ["/main.rs", "/ports.rs", "/build.rs"]
                .iter()
                .any(|end| path.ends_with(end));
            path.starts_with("functions/") && !is_shell && !is_test(path)
        },
        never: &[
            "std::env::",
            "env::var",
            "SystemTime::now",
            "Instant::now",
            "SystemClock",
        ],
        tests_may: true,
        mend: "take the environment and the time as arguments; main.rs alone reads them",
    },
    LineRule {
        // The driver is a host: the one that waits in real time.
        holds: |path| path.starts_with("local/states-language/src/") && !path.ends_with("/driver.rs"),
        never: &["tokio::", "SystemTime::now", "Instant::now", "Timestamp::now"],
        tests_may: false,
        mend: "the interpreter takes time from its host and runs on no runtime of its own",
    },
    LineRule {
        holds: |path| path.starts_with("functions/") && path.ends_with("/main.rs"),
        never: &["if ", "match ", "while ", "for "],
        tests_may: false,
        mend: "main.rs has no branches: decide in the handler, where a test can see it",
    },
    LineRule {
        holds: |_| true,
        never: &["#[allow(", "#![allow(", "#[ignore]", "#[ignore ="],
        tests_may: false,
        mend: "use `#[expect(…, reason = \"…\")]`, and let every test run",
    },
    LineRule {
        holds: is_test,
        never: &["thread::sleep", "time::sleep("],
        tests_may: false,
        mend: "wait for what is awaited instead of for a while",
    },
];

fn is_test(path: &str) -> bool {
    ["/tests/", "/tests.rs", "/benches/"]
        .iter()
        .any(|part| path.contains(part))
}

#[test]
fn lines_keep_the_rules() {
    let mut findings = Vec::new();
    for (path, text) in files_in("", ".rs") {
        for rule in LINE_RULES.iter().filter(|rule| (rule.holds)(path)) {
            let text = if rule.tests_may { without_tests(text) } else { text };
            for (number, line) in lines(text) {
                let code = line.trim_start();
                // This table would find itself.
                if code.starts_with("//") || code.starts_with("never: ") {
                    continue;
                }
                if let Some(thing) = rule.never.iter().find(|never| begins_word(code, never)) {
                    findings.push(Finding::new(
                        format_args!("{path}:{number}"),
                        format_args!("`{thing}`"),
                        rule.mend,
                    ));
                }
            }
        }
    }
    assert_none(findings);
}

/// Whether a line has this where a word, or a bracket, begins.
fn begins_word(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || character == '_')
    })
}

#[test]
fn modules_say_what_they_are_and_stay_short() {
    let mut findings = Vec::new();
    for (path, text) in files_in("", ".rs") {
        if !text.starts_with("//!") && !text.starts_with("#!") {
            findings.push(Finding::new(
                path,
                "does not open with `//!`",
                "say in a sentence what the file is",
            ));
        }
        let long = text.lines().count();
        if long > LONG {
            let mend = "split it by what changes for different reasons";
            findings.push(Finding::new(path, format_args!("has {long} lines"), mend));
        }
        if path.starts_with("functions/") && path.ends_with("/main.rs") && long >= 30 {
            findings.push(Finding::new(
                path,
                format_args!("has {long} lines"),
                "keep main.rs under 30 lines",
            ));
        }
    }
    assert_none(findings);
}

/// A function in a file: its name, the line of its signature, and how many lines it has.
#[derive(Debug, PartialEq, Eq)]
struct Function<'t> {
    name: &'t str,
    line: usize,
    lines: usize,
}

/// The functions in code as rustfmt writes it: the closing brace has the indent of the signature. Doc comments, and
/// functions without a body, do not count.
fn functions(text: &str) -> Vec<Function<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut functions = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some(name) = function_name(code) else {
            continue;
        };
        let end = format!("{}}}", &line[..line.len() - code.len()]);
        let from_here = &lines[at..];
        let opens = from_here.iter().find(|line| line.ends_with(['{', '}', ';']));
        let last = from_here.iter().position(|line| *line == end);
        if let (Some(opens), Some(last)) = (opens, last)
            && opens.ends_with('{')
        {
            let (line, lines) = (at + 1, last + 1);
            functions.push(Function { name, line, lines });
        }
    }
    functions
}

/// The name of the function whose signature begins with this line.
fn function_name(code: &str) -> Option<&str> {
    let (before, after) = code.split_once("fn ")?;
    let is_signature = before
        .split_whitespace()
        .all(|word| word.starts_with("pub") || word == "async" || word == "const");
    let name = after.split(['(', '<']).next()?;
    is_signature.then_some(name)
}

#[test]
fn functions_are_found_with_their_lengths() {
    let code = "trait T {\n    fn none(\n        &self,\n    ) -> u8;\n    /// Says.\n    fn a<X>(&self) {\n        if b {\n        \
                }\n    }\n}\n\npub(crate) async fn b() -> u8\nwhere\n    A: B,\n{\n    1\n}\n\nfn c() {}\n";
    let found: Vec<_> = functions(code)
        .iter()
        .map(|found| (found.name, found.line, found.lines))
        .collect();
    assert_eq!(found, [("a", 6, 4), ("b", 12, 6)]);
}

#[test]
fn functions_of_the_product_stay_short() {
    let mut findings = Vec::new();
    let mut excepted: Vec<_> = LONG_FUNCTIONS.iter().map(|(file, name, _)| (*file, *name)).collect();
    let is_product = |path: &str| path.contains("/src/") && !is_test(path) && !path.contains("_tests/");
    for (path, text) in files_in("", ".rs").filter(|(path, _)| is_product(path)) {
        for Function { name, line, lines } in functions(without_tests(text)) {
            if lines <= LONG_FUNCTION {
                continue;
            }
            if excepted.contains(&(path, name)) {
                excepted.retain(|one| *one != (path, name));
                continue;
            }
            findings.push(Finding::new(
                format_args!("{path}:{line}"),
                format_args!("`{name}` has {lines} lines, and a function has at most {LONG_FUNCTION}"),
                "give a part of it a function with a name of its own; a flat table may go into `LONG_FUNCTIONS` of tidy.rs",
            ));
        }
    }
    for (path, name) in excepted {
        let mend = "take it off `LONG_FUNCTIONS` in tidy.rs";
        findings.push(Finding::new(path, format_args!("`{name}` is not long any more"), mend));
    }
    assert_none(findings);
}

/// A package of the workspace.
struct Package {
    /// Its folder, such as `functions/image-push`.
    folder: String,
    manifest: Table,
}

impl Package {
    fn file(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    fn name(&self) -> &str {
        self.manifest["package"]["name"].as_str().unwrap_or_default()
    }

    /// The name by which others depend on it and which code has: its library's. The package may be published as another.
    fn known_as(&self) -> &str {
        let library = self
            .manifest
            .get("lib")
            .and_then(|library| library.get("name")?.as_str());
        library.unwrap_or_else(|| self.name())
    }

    /// The dependencies of some kinds, such as `dependencies` and `dev-dependencies`.
    fn dependencies<'p>(&'p self, kinds: &'p [&'p str]) -> impl Iterator<Item = &'p str> {
        let tables = kinds.iter().filter_map(|kind| self.manifest.get(*kind)?.as_table());
        tables.flat_map(|table| table.keys().map(String::as_str))
    }

    /// Its binaries: the one that its name implies, and those that it declares.
    fn binaries(&self) -> Vec<String> {
        let declared = self.manifest.get("bin").and_then(Value::as_array);
        let declared = declared
            .into_iter()
            .flatten()
            .filter_map(|bin| Some(bin.get("name")?.as_str()?.to_owned()));
        let implied = files()
            .contains_key(&format!("{}/src/main.rs", self.folder))
            .then(|| self.name().to_owned());
        declared.chain(implied).collect()
    }
}

const ALL_KINDS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

fn packages() -> Vec<Package> {
    let manifests = files_in("", "/Cargo.toml").filter_map(|(path, text)| {
        let manifest: Table = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        let folder = path.trim_end_matches("/Cargo.toml").to_owned();
        manifest.contains_key("package").then_some(Package { folder, manifest })
    });
    manifests.collect()
}

/// The floors of the local account, the roof first: a crate knows what is below it alone.
fn is_below(dependency: &str, package: &str) -> bool {
    matches!(
        (package, dependency),
        (
            "stepline",
            "services" | "page" | "platform" | "state-graph" | "states-language"
        ) | ("services", "platform" | "states-language")
            | ("page", "platform" | "state-graph" | "states-language")
            | ("states-language-python", "states-language")
    )
}

#[test]
fn no_service_imports_another() {
    const SERVICES: &str = "local/services/src/";
    /// What several services need and no service is.
    const SHARED: &str = "containers machine manifest objects program python tags";
    let mut findings = Vec::new();
    for (path, text) in files_in(SERVICES, ".rs").filter(|(path, _)| !is_test(path)) {
        let own = path[SERVICES.len()..].split(['/', '.']).next().unwrap_or_default();
        for (number, line) in lines(without_tests(text)) {
            let named = line.split("crate::").skip(1).map(|rest| {
                let end = rest.find(|character: char| !character.is_alphanumeric() && character != '_');
                &rest[..end.unwrap_or(rest.len())]
            });
            for name in named.filter(|name| *name != own && !SHARED.split(' ').any(|shared| shared == *name)) {
                let mend = "call it through the platform's door, or tell it by an event";
                let place = format_args!("{path}:{number}");
                findings.push(Finding::new(place, format_args!("imports `{name}`"), mend));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn dependencies_run_one_way() {
    let packages = packages();
    let folders: BTreeMap<&str, &str> = packages
        .iter()
        .map(|package| (package.known_as(), package.folder.as_str()))
        .collect();
    let layer = |folder: &str| folder.split('/').next().unwrap_or_default().to_owned();
    let mut findings = Vec::new();
    for package in &packages {
        for (kind, dependency) in ALL_KINDS.iter().flat_map(|kind| {
            package
                .dependencies(std::slice::from_ref(kind))
                .map(move |name| (*kind, name))
        }) {
            let Some(target) = folders.get(dependency) else {
                continue;
            };
            let allowed = match (layer(&package.folder).as_str(), layer(target).as_str()) {
                // Tests alone know what supports them, and it knows nobody.
                (_, "test-support") => kind == "dev-dependencies",
                ("functions", "shared") => true,
                // The simulation calls the functions in its own process.
                ("local", "functions" | "shared") if package.name() == "simulation" => true,
                // Fuzz targets have to do with everything that reads.
                ("local", _) if package.folder.starts_with("local/fuzzing") => true,
                ("local", "local") => is_below(dependency, package.known_as()),
                _ => false,
            };
            if !allowed {
                let mend = "stepline → services → platform, services → states-language, stepline → page → platform, page → state-graph, simulation → functions → shared; \
                     test-support is a dev-dependency";
                findings.push(Finding::new(
                    package.file(),
                    format_args!("depends on `{dependency}`"),
                    mend,
                ));
            }
        }
        let sdks = package.dependencies(&["dependencies", "build-dependencies"]);
        for sdk in sdks.filter(|name| name.starts_with("aws-sdk-")) {
            let mend =
                "write the request in shared/src/aws: an SDK has all of a service, and takes a minute to compile";
            findings.push(Finding::new(package.file(), format_args!("depends on `{sdk}`"), mend));
        }
        if package.dependencies(&["dependencies"]).any(|name| name == "tokio") && package.name() == "states-language" {
            findings.push(Finding::new(
                package.file(),
                "depends on `tokio`",
                "let the host bring the runtime",
            ));
        }
    }
    assert_none(findings);
}

#[test]
fn packages_are_named_as_their_folders_and_keep_the_lints() {
    let mut findings = Vec::new();
    let mut binaries: BTreeMap<String, String> = BTreeMap::new();
    for package in packages() {
        let file = package.file();
        let folder_name = package.folder.rsplit('/').next().unwrap_or_default();
        if package.known_as() != folder_name && folder_name != "fuzz" {
            let mend = format!("name it `{folder_name}`, as its folder");
            findings.push(Finding::new(
                &file,
                format_args!("the package is `{}`", package.known_as()),
                mend,
            ));
        }
        let lints = package.manifest.get("lints").and_then(|lints| lints.get("workspace"));
        if lints.and_then(Value::as_bool) != Some(true) && folder_name != "fuzz" {
            findings.push(Finding::new(
                &file,
                "does not keep the workspace's lints",
                "add `[lints] workspace = true`",
            ));
        }
        for name in package.binaries() {
            if package.folder.starts_with("functions/") && name != folder_name {
                let mend = format!("name it `{folder_name}`: package, binary and folder are one");
                findings.push(Finding::new(&file, format_args!("the binary is `{name}`"), mend));
            }
            if let Some(other) = binaries.insert(name.clone(), file.clone()) {
                let mend = "binary names are unique in the workspace: `cargo build --bin` takes the name alone";
                findings.push(Finding::new(
                    &file,
                    format_args!("`{name}` is a binary of {other} too"),
                    mend,
                ));
            }
        }
    }
    assert_none(findings);
}

#[test]
fn release_profile_is_as_the_functions_need_it() {
    let root: Table = text("Cargo.toml").parse().expect("the root manifest");
    let release = &root["profile"]["release"];
    let mut findings = Vec::new();
    for (key, expected, why) in [
        (
            "panic",
            "unwind",
            "a panicking handler still answers its job, and cargo-lambda would choose abort",
        ),
        ("strip", "symbols", "what is deployed carries no symbols"),
    ] {
        if release.get(key).and_then(Value::as_str) != Some(expected) {
            let mend = format!("set `{key} = \"{expected}\"`: {why}");
            findings.push(Finding::new("Cargo.toml", format_args!("profile.release.{key}"), mend));
        }
    }
    if root["workspace"]["lints"]["rust"]["unsafe_code"].as_str() != Some("forbid") {
        findings.push(Finding::new("Cargo.toml", "unsafe_code", "forbid it for the workspace"));
    }
    assert_none(findings);
}

#[test]
fn the_compiler_is_said_once_and_is_one_that_the_sources_take() {
    const FILE: &str = "rust-toolchain.toml";
    let toolchain: Table = text(FILE).parse().expect("rust-toolchain.toml is TOML");
    let root: Table = text("Cargo.toml").parse().expect("the root manifest");
    let channel = toolchain["toolchain"]["channel"].as_str().unwrap_or_default();
    let least = root["workspace"]["package"]["rust-version"]
        .as_str()
        .unwrap_or_default();
    let parts = |version: &str| version.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>();
    let mut findings = Vec::new();
    match (parts(channel), parts(least)) {
        (Ok(channel), Ok(least)) if channel.len() == 3 && channel >= least => {}
        _ => findings.push(Finding::new(
            FILE,
            format_args!("the channel is `{channel}`"),
            format_args!("name one version, {least} or later: it is part of what the zips are made of"),
        )),
    }
    for (path, text) in files_in(".github/workflows/", ".yml") {
        for (number, line) in lines(text) {
            let chooses = ["rustup default", "rustup override", "RUSTUP_TOOLCHAIN", "cargo +"];
            let installs = line.split("rustup toolchain install").nth(1);
            if chooses.iter().any(|way| line.contains(way)) || installs.is_some_and(|rest| !rest.trim().is_empty()) {
                findings.push(Finding::new(
                    format_args!("{path}:{number}"),
                    "chooses a compiler",
                    "`rustup toolchain install`, which takes the one of rust-toolchain.toml",
                ));
            }
        }
    }
    let deploy = text(".github/workflows/deploy.yml");
    if deploy.matches("      - rust-toolchain.toml\n").count() != deploy.matches("      - Cargo.lock\n").count() {
        findings.push(Finding::new(
            ".github/workflows/deploy.yml",
            "another compiler is not deployed",
            "name rust-toolchain.toml in `paths`, beside Cargo.lock",
        ));
    }
    assert_none(findings);
}
