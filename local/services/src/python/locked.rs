//! Lists of packages that are locked by their hashes, held against each other.

use super::list::Wanted;
use std::collections::BTreeSet;

/// What lists of locked packages come to: the same packages each time, from whatever index.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Locked<'a> {
    options: BTreeSet<&'a str>,
    /// Packages by their names, with all that is said of them: versions, markers and hashes.
    lines: BTreeSet<(String, String)>,
}

impl<'a> Locked<'a> {
    /// Reads lists. None if anything in them is not locked, or has an option among the packages.
    pub(super) fn read(wanted: &'a [Wanted]) -> Option<Self> {
        let (mut options, mut lines) = (BTreeSet::new(), BTreeSet::new());
        for wanted in wanted {
            if !wanted.is_locked() {
                return None;
            }
            options.extend(wanted.install.options.iter().map(String::as_str));
            for text in &wanted.texts {
                for line in logical_lines(text) {
                    lines.insert((locked_name(&line)?, line));
                }
            }
        }
        Some(Self { options, lines })
    }

    /// The names of packages that this has and another one has not, if all of the other's are here.
    pub(super) fn beyond(&self, other: &Self) -> Option<BTreeSet<&str>> {
        let names: BTreeSet<&str> = other.names().collect();
        let (in_both, beyond): (Vec<_>, Vec<_>) =
            self.lines.iter().partition(|(name, _)| names.contains(name.as_str()));
        let is_all = self.options == other.options && in_both.iter().copied().eq(&other.lines);
        is_all.then(|| beyond.into_iter().map(|(name, _)| name.as_str()).collect())
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|(name, _)| name.as_str())
    }
}

/// Lines of a file of requirements as pip reads them: joined where they end with a backslash, without comments.
/// <https://pip.pypa.io/en/stable/reference/requirements-file-format/>
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for line in text.lines() {
        let line = match line.trim_start() {
            comment if comment.starts_with('#') => "",
            _ => line.split(" #").next().unwrap_or_default(),
        };
        let (line, goes_on) = match line.strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        if let Some(last) = lines.last_mut() {
            last.extend(line.split_whitespace().flat_map(|word| [word, " "]));
        }
        if !goes_on {
            lines.push(String::new());
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// The name of the package that a line locks: to one version, by hashes.
fn locked_name(line: &str) -> Option<String> {
    let (name, _) = line.split_once("==")?;
    let name = name.split('[').next().unwrap_or_default().trim();
    let is_name = |sign: char| sign.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&sign);
    let is_locked = !name.starts_with('-') && name.chars().all(is_name) && line.contains(" --hash=");
    is_locked.then(|| normal_name(name))
}

/// A package's name as it is compared: <https://packaging.python.org/en/latest/specifications/name-normalization/>.
pub(super) fn normal_name(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::super::list::Install;
    use super::*;

    fn wanted(options: &[&str], texts: &[&str]) -> Wanted {
        Wanted {
            install: Install {
                options: options.iter().map(|&option| option.to_owned()).collect(),
                files: Vec::new(),
                packages: Vec::new(),
            },
            texts: texts.iter().map(|&text| text.to_owned()).collect(),
        }
    }

    const APP: &str = "# made by a tool\nanyio==4.1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\n    # via x\n\
                       numpy==2.4 ; python_full_version < '3.12' --hash=sha256:bb\n\
                       numpy==2.5 ; python_full_version >= '3.12' --hash=sha256:bc\n";

    #[test]
    fn a_list_within_a_longer_one_is_found_whatever_its_form() {
        let tests = "numpy==2.5 ; python_full_version >= '3.12'   --hash=sha256:bc\nPy_Test[extra]==9 --hash=sha256:cc\n\
                     anyio==4.1 --hash=sha256:aa --hash=sha256:ab # why\n\
                     numpy==2.4 ; python_full_version < '3.12' --hash=sha256:bb";
        let (app, tests) = ([wanted(&[], &[APP])], [wanted(&[], &[tests])]);
        let (app, tests) = (Locked::read(&app).unwrap(), Locked::read(&tests).unwrap());
        assert_eq!(tests.beyond(&app), Some(["py-test"].into()));
        assert_eq!(app.beyond(&tests), None);
        assert_eq!(app.beyond(&app), Some([].into()));
    }

    #[test]
    fn another_version_hash_marker_or_option_is_another_list() {
        let app = [wanted(&["--require-hashes"], &[APP])];
        let app = Locked::read(&app).unwrap();
        for (option, from, to) in [
            ("--require-hashes", "4.1", "4.2"),
            ("--require-hashes", "sha256:ab", "sha256:ac"),
            ("--require-hashes", "< '3.12'", "< '3.13'"),
            ("--require-hashes", "anyio", "anyio2"),
            // One of numpy's two lines: the other may be the one that was installed.
            (
                "--require-hashes",
                "numpy==2.5 ; python_full_version >= '3.12' --hash=sha256:bc\n",
                "",
            ),
            ("--no-deps", "4.1", "4.1"),
        ] {
            let other = [wanted(&[option], &[&APP.replace(from, to)])];
            assert_eq!(app.beyond(&Locked::read(&other).unwrap()), None, "{from} → {to}");
        }
    }

    #[test]
    fn what_is_not_locked_is_never_held_against_anything() {
        for text in [
            "anyio==4.1\nb==1 --hash=sha256:aa",
            "anyio>=4 --hash=sha256:aa",
            "--index-url http://127.0.0.1/simple\na==1 --hash=sha256:aa",
            "greeting @ file:///greeting.whl --hash=sha256:aa",
        ] {
            assert_eq!(Locked::read(&[wanted(&[], &[text])]), None, "{text}");
        }
    }
}
