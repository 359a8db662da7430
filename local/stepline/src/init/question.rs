//! What has to be known: an option says it, or somebody who is asked, or a default.

use super::error::InitError;

/// Somebody who can be asked.
#[async_trait::async_trait]
pub trait Asks: Send {
    /// The answer to a question; empty for its default, and None where nobody is there.
    async fn ask(&mut self, question: &str) -> Option<String>;

    /// Says why an answer will not do.
    fn refuse(&mut self, why: &str);
}

/// Nobody: every answer is an option or a default.
#[derive(Debug)]
pub struct Nobody;

#[async_trait::async_trait]
impl Asks for Nobody {
    async fn ask(&mut self, _: &str) -> Option<String> {
        None
    }

    fn refuse(&mut self, _: &str) {}
}

/// Something that has to be known.
pub(super) struct Question<'q, T> {
    /// What it is, as a person is asked.
    pub(super) what: String,
    /// The option that says it.
    pub(super) flag: String,
    /// What it is where nobody says otherwise.
    pub(super) default: Option<String>,
    /// What an answer means, or why it means nothing.
    pub(super) read: &'q (dyn Fn(&str) -> Result<T, String> + Sync),
}

impl<T: Send> Question<'_, T> {
    /// The answer: what an option has given, or what is answered until that means something, or the default.
    pub(super) async fn settle(self, given: Option<&str>, asks: &mut dyn Asks) -> Result<T, InitError> {
        let wrong = |value: &str, message: String| InitError::Wrong {
            flag: self.flag.clone(),
            value: value.to_owned(),
            message,
        };
        if let Some(given) = given {
            return (self.read)(given).map_err(|message| wrong(given, message));
        }
        let question = match &self.default {
            Some(default) => format!("{} [{default}]: ", self.what),
            None => format!("{}: ", self.what),
        };
        while let Some(answer) = asks.ask(&question).await.filter(|answer| !answer.is_empty()) {
            match (self.read)(&answer) {
                Ok(read) => return Ok(read),
                Err(message) => asks.refuse(&message),
            }
        }
        match &self.default {
            Some(default) => (self.read)(default).map_err(|message| wrong(default, message)),
            None => Err(InitError::Missing {
                what: self.what,
                flag: self.flag,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Somebody who gives these answers, and what was said to them.
    struct Somebody(VecDeque<&'static str>, Vec<String>);

    #[async_trait::async_trait]
    impl Asks for Somebody {
        async fn ask(&mut self, question: &str) -> Option<String> {
            self.1.push(question.to_owned());
            self.0.pop_front().map(str::to_owned)
        }

        fn refuse(&mut self, why: &str) {
            self.1.push(why.to_owned());
        }
    }

    fn number(text: &str) -> Result<u8, String> {
        text.parse().map_err(|_| format!("`{text}` is no number"))
    }

    async fn settled(
        given: Option<&str>,
        default: Option<&str>,
        answers: &[&'static str],
    ) -> (Result<u8, String>, Vec<String>) {
        let mut somebody = Somebody(answers.iter().copied().collect(), Vec::new());
        let question = Question {
            what: "How many".to_owned(),
            flag: "--many".to_owned(),
            default: default.map(str::to_owned),
            read: &number,
        };
        let settled = question.settle(given, &mut somebody).await;
        (settled.map_err(|error| error.to_string()), somebody.1)
    }

    #[tokio::test]
    async fn an_option_comes_before_an_answer_and_an_answer_before_the_default() {
        for (given, default, answers, expected, said) in [
            (Some("1"), Some("3"), &["2"][..], Ok(1), &[][..]),
            (None, Some("3"), &["2"], Ok(2), &["How many [3]: "]),
            (None, Some("3"), &[""], Ok(3), &["How many [3]: "]),
            (None, Some("3"), &[], Ok(3), &["How many [3]: "]),
            (
                None,
                None,
                &["x", "2"],
                Ok(2),
                &["How many: ", "`x` is no number", "How many: "],
            ),
            (None, None, &[], Err("How many: give it with --many"), &["How many: "]),
            (Some("x"), None, &["2"], Err("--many x: `x` is no number"), &[]),
        ] {
            let (settled, heard) = settled(given, default, answers).await;
            assert_eq!(settled, expected.map_err(str::to_owned));
            assert_eq!(heard, said);
        }
    }
}
