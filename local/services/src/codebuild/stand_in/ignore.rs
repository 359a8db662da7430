//! `.dockerignore`: <https://docs.docker.com/build/concepts/context/#dockerignore-files>.

use crate::codebuild::artifacts::path_pattern;
use globset::GlobMatcher;
use std::io;

/// The patterns, in their order: the last one that matches decides.
#[derive(Default)]
pub(super) struct Ignore(Vec<(GlobMatcher, bool)>);

impl Ignore {
    pub(super) fn parse(text: &str) -> io::Result<Self> {
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let patterns = lines.map(|line| {
            let (line, leaves_out) = match line.strip_prefix('!') {
                Some(line) => (line.trim(), false),
                None => (line, true),
            };
            let wrong = |error| io::Error::other(format!(".dockerignore: {error}"));
            Ok((path_pattern(line.trim_matches('/')).map_err(wrong)?, leaves_out))
        });
        patterns.collect::<io::Result<_>>().map(Self)
    }

    /// Whether a file is left out: by its own path, or by that of a folder that it is in.
    pub(super) fn leaves_out(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let prefixes: Vec<&str> = ends.map(|end| &path[..end]).collect();
        let last = self
            .0
            .iter()
            .rev()
            .find(|(pattern, _)| prefixes.iter().any(|prefix| pattern.is_match(prefix)));
        last.is_some_and(|(_, leaves_out)| *leaves_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let ignore = Ignore::parse("# all but\n*\n!app/src\n!app/requirements.txt\n**/__pycache__\n").unwrap();
        for (path, left_out) in [
            ("Dockerfile", true),
            ("app/src/hello.py", false),
            ("app/src/deep/a.py", false),
            ("app/src/__pycache__/hello.pyc", true),
            ("app/requirements.txt", false),
            ("app/other.txt", true),
        ] {
            assert_eq!(ignore.leaves_out(path), left_out, "{path}");
        }
        assert!(!Ignore::default().leaves_out("anything"));
        let ignore = Ignore::parse("*.[ch]\n./a/\\[b\\]\n").unwrap();
        for (path, left_out) in [("x.c", true), ("x.o", false), ("a/[b]/c", true), ("a/b", false)] {
            assert_eq!(ignore.leaves_out(path), left_out, "{path}");
        }
        assert!(Ignore::parse("[a").is_err());
    }
}
