//! The words of a shell's commands, as far as documents have them.

use std::iter::Peekable;
use std::str::Chars;

/// The commands of a script, each with its words: quotes, continued lines and comments are what they are to a shell;
/// where output goes is left out.
pub(super) fn commands(script: &str) -> Vec<Vec<String>> {
    let mut reader = Reader {
        characters: script.chars().peekable(),
        commands: vec![Vec::new()],
        word: None,
        is_redirected: false,
    };
    reader.read();
    let commands = reader.commands.into_iter();
    commands.filter(|command| !command.is_empty()).collect()
}

struct Reader<'s> {
    characters: Peekable<Chars<'s>>,
    commands: Vec<Vec<String>>,
    /// The word that is being read.
    word: Option<String>,
    /// Whether the next word is a file that something is written to or read from.
    is_redirected: bool,
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(character) = self.characters.next() {
            match character {
                '\\' => match self.characters.next() {
                    Some('\n') | None => {}
                    Some(escaped) => self.push(escaped),
                },
                '\'' | '"' => self.quoted(character),
                '#' if self.word.is_none() => while self.characters.next_if(|next| *next != '\n').is_some() {},
                '\n' | ';' | '|' | '&' | '(' | ')' => self.end_command(),
                '>' | '<' => {
                    // A number before it says which stream it is.
                    self.word
                        .take_if(|word| word.chars().all(|digit| digit.is_ascii_digit()));
                    self.end_word();
                    self.is_redirected = true;
                }
                blank if blank.is_whitespace() => self.end_word(),
                character => self.push(character),
            }
        }
        self.end_command();
    }

    fn quoted(&mut self, quote: char) {
        self.word.get_or_insert_default();
        while let Some(character) = self.characters.next() {
            match character {
                character if character == quote => return,
                '\\' if quote == '"' => {
                    if let Some(escaped) = self.characters.next() {
                        self.push(escaped);
                    }
                }
                character => self.push(character),
            }
        }
    }

    fn push(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if !std::mem::take(&mut self.is_redirected) {
            self.commands.last_mut().expect("there is a last command").push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.is_redirected = false;
        self.commands.push(Vec::new());
    }
}

#[test]
fn words_are_those_of_a_shell() {
    let script =
        "cd a && git add --all; b 'c d'\"e\" \\\n  f # no\nx --y='{\"z\": 1}' >out 2>&1\ng 2>/dev/null h\n# none\n";
    let read = commands(script);
    let expected: [&[&str]; 6] = [
        &["cd", "a"],
        &["git", "add", "--all"],
        &["b", "c de", "f"],
        &["x", "--y={\"z\": 1}"],
        &["1"],
        &["g", "h"],
    ];
    assert_eq!(read, expected);
}
