//! What cargo says while it builds: how far it is, what it does just now, and its messages.
//!
//! Cargo draws its bar over and over, with a carriage return each time. It looks like this, and no other output has the
//! number of what there is to be compiled:
//! <https://doc.rust-lang.org/cargo/reference/config.html#termprogresswhen>.
//!
//! ```text
//!    Compiling aws-sdk-ssm v1.5.0
//!     Building [=====>                 ] 123/456: aws-sdk-ssm, tokio
//! ```

use platform::text::printable;

/// How far a build of functions is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// So many of so many units are compiled.
    Counted {
        /// How many are done.
        done: usize,
        /// How many there are.
        of: usize,
        /// The names of those that are being compiled.
        now: &'a str,
    },
    /// What cargo does just now, such as `Downloading crates`.
    Doing(&'a str),
    /// A line of an error or a warning, or of an installer.
    Line(&'a str),
}

/// How wide the column of cargo's verbs is, in which they stand on the right.
const VERBS: usize = 12;

/// Takes cargo's output apart.
#[derive(Debug, Default)]
pub(super) struct Narration {
    /// What has not ended yet.
    unended: Vec<u8>,
    messages: Vec<String>,
}

impl Narration {
    /// Takes more bytes; `progress` gets what is whole.
    pub(super) fn take(&mut self, bytes: &[u8], progress: &impl Fn(Progress<'_>)) {
        for byte in bytes {
            match byte {
                b'\n' => self.line(progress),
                // Before and behind a bar.
                b'\r' => self.end(progress),
                byte => self.unended.push(*byte),
            }
        }
    }

    /// Takes what has not been ended.
    pub(super) fn end(&mut self, progress: &impl Fn(Progress<'_>)) {
        match printable(&String::from_utf8_lossy(&self.unended)).is_empty() {
            true => self.unended.clear(),
            false => self.line(progress),
        }
    }

    fn line(&mut self, progress: &impl Fn(Progress<'_>)) {
        let bytes = std::mem::take(&mut self.unended);
        let line = printable(&String::from_utf8_lossy(&bytes));
        match counted(&line) {
            Some(counted) => progress(counted),
            None if is_doing(&line) => progress(Progress::Doing(line.trim_start())),
            // Between what it was doing there is nothing to be told.
            None if line.is_empty() && self.messages.last().is_none_or(String::is_empty) => {}
            None => {
                progress(Progress::Line(&line));
                self.messages.push(line);
            }
        }
    }

    /// Errors and warnings, as cargo has printed them: what it was doing when is left out.
    pub(super) fn messages(&self) -> &[String] {
        &self.messages
    }
}

/// What a bar says.
fn counted(line: &str) -> Option<Progress<'_>> {
    let (_, behind) = line.trim_start().strip_prefix("Building [")?.split_once("] ")?;
    let (counts, now) = behind.split_once(':').unwrap_or((behind, ""));
    let (done, of) = counts.trim().split_once('/')?;
    Some(Progress::Counted {
        done: done.parse().ok()?,
        of: of.parse().ok()?,
        now: now.trim().trim_end_matches("...").trim_end_matches([',', ' ']),
    })
}

/// Whether a line says what cargo does: a verb on the right of its column, such as `Compiling`, and its object.
fn is_doing(line: &str) -> bool {
    let verb = line.get(..VERBS).map(str::trim_start).unwrap_or_default();
    let is_verb = verb.starts_with(|first: char| first.is_ascii_uppercase())
        && verb.chars().all(|letter| letter.is_ascii_alphabetic());
    is_verb && line[VERBS..].starts_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn a_bar_says_how_far_it_is_and_messages_stay_whole() {
        let said = "    Blocking waiting for file lock on build directory\n   Compiling itoa v1.0.0\n\
            \u{1b}[K\r    Building [>     ] 0/3: itoa, serde_core(build.r...\r\u{1b}[K   Compiling image-push v0.1.0 (/x)\n\
            \r    Building [====> ] 2/3: image-push(bin)\r\u{1b}[Kwarning: unused variable: `x`\n --> src/main.rs:1:2\n  |\n\
            1 |     let x = 1;\n\nerror: could not compile `image-push` (bin \"image-push\") due to 1 previous error\n";
        let told = RefCell::new(Vec::new());
        let progress = |progress: Progress<'_>| told.borrow_mut().push(format!("{progress:?}"));
        let mut narration = Narration::default();
        // In pieces, as a pipe gives it.
        for piece in said.as_bytes().chunks(7) {
            narration.take(piece, &progress);
        }
        narration.end(&progress);
        let told = told.into_inner();
        let counts: Vec<&str> = told
            .iter()
            .map(String::as_str)
            .filter(|text| text.contains("done"))
            .collect();
        assert_eq!(
            counts,
            [
                "Counted { done: 0, of: 3, now: \"itoa, serde_core(build.r\" }",
                "Counted { done: 2, of: 3, now: \"image-push(bin)\" }",
            ]
        );
        assert_eq!(told[0], "Doing(\"Blocking waiting for file lock on build directory\")");
        assert_eq!(
            narration.messages(),
            [
                "warning: unused variable: `x`",
                " --> src/main.rs:1:2",
                "  |",
                "1 |     let x = 1;",
                "",
                "error: could not compile `image-push` (bin \"image-push\") due to 1 previous error",
            ]
        );
    }

    #[test]
    fn what_cargo_does_is_told_from_what_it_says() {
        for (line, expected) in [
            ("   Compiling itoa v1.0.0", true),
            ("    Finished `dev` profile [unoptimized] target(s) in 1.0s", true),
            ("    Blocking waiting for file lock on package cache", true),
            ("  Downloaded itoa v1.0.0", true),
            ("error: no bin target named `x`", false),
            ("error[E0425]: cannot find value", false),
            ("  --> src/main.rs:1:2", false),
            ("   = note: it is so", false),
            ("Some errors have detailed explanations", false),
            ("é", false),
            ("", false),
        ] {
            assert_eq!(is_doing(line), expected, "{line}");
        }
    }
}
