//! Values as text: one, and those that a JSON value refers to with `{{ssm:/path}}`.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use serde_json::Value;

use super::parameter::Parameter;
use super::port::GetParameters;
use super::problem::{Problem, ProblemKind, Problems};
use super::reference::ParameterReference;
use super::store::{Parameters, Want};
use crate::time::Timestamp;

const OPEN: &str = "{{ssm:";
const CLOSE: &str = "}}";

/// How often a parameter may have changed since the moment that is asked about.
const MAX_MOVES: usize = 20;

/// Parameters that are being read.
type Reading<'a> = Pin<Box<dyn Future<Output = Vec<Result<Parameter, Problem>>> + Send + 'a>>;

impl<P: GetParameters> Parameters<P> {
    /// The value of one parameter, as text.
    pub async fn text(&self, reference: &ParameterReference, now: Timestamp) -> Result<String, Problems> {
        let asked = [(reference.clone(), Want::Value)];
        let [answer] = &self.get_boxed(&asked, now).await[..] else {
            return Err(Problem::not_found(reference).into());
        };
        Ok(answer.as_ref().map_err(Problem::clone)?.text()?.to_owned())
    }

    /// The value that one parameter had at a moment, as text. Later changes make no difference: whoever asks twice gets
    /// the same value. It is the last of [`texts_since`](Self::texts_since).
    ///
    /// # Errors
    /// [`Problems`] as [`text`](Self::text) has them, or when the parameter has changed more than 20 times since.
    pub(crate) async fn text_at(
        &self,
        reference: &ParameterReference,
        moment: Timestamp,
        now: Timestamp,
    ) -> Result<String, Problems> {
        let mut texts = self.texts_since(reference, moment, now).await?;
        if texts.len() > MAX_MOVES {
            let message = format!("`{reference}` has changed more than {MAX_MOVES} times since");
            return Err(Problem::new(ProblemKind::ParameterInvalid, message).into());
        }
        texts.pop().ok_or_else(|| Problem::not_found(reference).into())
    }

    /// The values that one parameter has had since a moment, as text: the one that is there now first, the one that was
    /// there then last. To be asked of one that remembers nothing, whose time to live is zero. Where a selector is
    /// asked for, or Parameter Store does not say since when a value is there, it is the value that is there now;
    /// before the first value, all of them. No more than the last 21.
    ///
    /// # Errors
    /// [`Problems`] as [`text`](Self::text) has them.
    pub(crate) async fn texts_since(
        &self,
        reference: &ParameterReference,
        moment: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<String>, Problems> {
        let read = async |reference: &ParameterReference| {
            let asked = [(reference.clone(), Want::Value)];
            let [answer] = &self.get_boxed(&asked, now).await[..] else {
                return Err(Problem::not_found(reference));
            };
            answer.clone()
        };
        let mut parameter = read(reference).await?;
        let mut texts = vec![parameter.text()?.to_owned()];
        for _ in 0..MAX_MOVES {
            let came_later = parameter.modified_at.is_some_and(|since| since > moment);
            if !came_later || reference.selector().is_some() || parameter.version <= 1 {
                return Ok(texts);
            }
            let before = format!("{}:{}", reference.name(), parameter.version - 1);
            let before = match read(&before.parse().map_err(Problem::from)?).await {
                // Only the last hundred versions are kept.
                Err(problem) if problem.kind == ProblemKind::ParameterNotFound => return Ok(texts),
                before => before?,
            };
            // If all versions have the same date, the dates do not say when each was written.
            if before.modified_at >= parameter.modified_at {
                texts.truncate(1);
                return Ok(texts);
            }
            texts.push(before.text()?.to_owned());
            parameter = before;
        }
        Ok(texts)
    }

    /// Replaces every `{{ssm:…}}` in the strings of `value` by its value. All other text stays as it is.
    pub(crate) async fn fill_in(&self, mut value: Value, now: Timestamp) -> Result<Value, Problems> {
        let (mut references, mut problems) = (BTreeSet::new(), Vec::new());
        collect(&value, &mut references, &mut problems);
        let values = self.texts(references, problems, now).await?;
        fill(&mut value, &values);
        Ok(value)
    }

    /// As [`get`](Self::get): once in a function's code, whoever calls it.
    fn get_boxed<'a>(&'a self, asked: &'a [(ParameterReference, Want)], now: Timestamp) -> Reading<'a> {
        Box::pin(self.get(asked, now))
    }

    /// The values by reference. If there is a problem with one of them, or there was one before, all problems.
    async fn texts(
        &self,
        references: BTreeSet<ParameterReference>,
        mut problems: Vec<Problem>,
        now: Timestamp,
    ) -> Result<BTreeMap<String, String>, Problems> {
        let asked: Vec<_> = references
            .into_iter()
            .map(|reference| (reference, Want::Value))
            .collect();
        let mut values = BTreeMap::new();
        for ((reference, _), answer) in asked.iter().zip(self.get_boxed(&asked, now).await) {
            match answer.and_then(|parameter| parameter.text().map(str::to_owned)) {
                Ok(value) => drop(values.insert(reference.as_str().to_owned(), value)),
                Err(problem) => problems.push(problem),
            }
        }
        Problems::of(problems).map(|()| values)
    }
}

/// A piece of a string: plain text, or the text between the braces.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Reference(&'a str),
    /// Braces that are not closed.
    Open(&'a str),
}

/// Takes a string apart at its references.
fn pieces(mut text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while let Some(open) = text.find(OPEN) {
        let (before, rest) = text.split_at(open);
        pieces.push(Piece::Text(before));
        match rest.find(CLOSE) {
            Some(close) => {
                pieces.push(Piece::Reference(&rest[OPEN.len()..close]));
                text = &rest[close + CLOSE.len()..];
            }
            None => {
                pieces.push(Piece::Open(rest));
                return pieces;
            }
        }
    }
    pieces.push(Piece::Text(text));
    pieces
}

fn collect(value: &Value, references: &mut BTreeSet<ParameterReference>, problems: &mut Vec<Problem>) {
    match value {
        Value::String(text) => {
            for piece in pieces(text) {
                match piece {
                    Piece::Text(_) => (),
                    Piece::Reference(reference) => match reference.parse() {
                        Ok(reference) => drop(references.insert(reference)),
                        Err(error) => problems.push(Problem::from(error)),
                    },
                    Piece::Open(rest) => {
                        let start: String = rest.chars().take(60).collect();
                        problems.push(Problem::new(
                            ProblemKind::ParameterInvalid,
                            format!("`{start}` has no `}}}}`"),
                        ));
                    }
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references, problems)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, references, problems)),
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

fn fill(value: &mut Value, values: &BTreeMap<String, String>) {
    match value {
        Value::String(text) if text.contains(OPEN) => {
            let put = |piece| match piece {
                Piece::Text(text) | Piece::Open(text) => text,
                Piece::Reference(reference) => values.get(reference).map_or("", String::as_str),
            };
            *text = pieces(text).into_iter().map(put).collect();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, values)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, values)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Piece::*;
    use super::*;
    use crate::parameters::fake::ParameterStore;
    use crate::parameters::port::Found;
    use crate::ports::{CallError, CallErrorKind};

    const AT: fn(i64) -> Timestamp = |seconds| Timestamp::from_millis(seconds * 1_000);

    #[tokio::test]
    async fn one_parameter_is_read_as_text() {
        let store = ParameterStore::new();
        store
            .put_string("/a", "one")
            .put_string("/a", "two")
            .put_string_list("/list", "x,y");
        store
            .put_secure("/secret", "hidden")
            .put_string("/locked", "x")
            .deny("/locked");
        let parameters = Parameters::new(&store, Duration::ZERO);
        let cases = [
            ("/a", Ok("two")),
            ("/a:1", Ok("one")),
            ("/list", Ok("x,y")),
            ("/missing", Err(ProblemKind::ParameterNotFound)),
            ("/a:9", Err(ProblemKind::ParameterNotFound)),
            ("/locked", Err(ProblemKind::ParameterAccessDenied)),
            ("/secret", Err(ProblemKind::SecureParameterRefused)),
        ];
        for (reference, expected) in cases {
            let told = parameters.text(&reference.parse().unwrap(), AT(0)).await;
            match expected {
                Ok(expected) => assert_eq!(told.unwrap(), expected, "{reference}"),
                Err(kind) => {
                    let problems = told.unwrap_err();
                    let kinds: Vec<_> = problems.iter().map(|problem| problem.kind).collect();
                    assert_eq!(kinds, [kind], "{reference}: {problems}");
                    assert!(!problems.to_string().contains("hidden"));
                }
            }
        }
    }

    /// A store that has lost one version, or fails when it is asked for it.
    struct Lost<'a> {
        store: &'a ParameterStore,
        version: &'a str,
        error: Option<CallErrorKind>,
    }

    impl GetParameters for Lost<'_> {
        async fn get_parameters(&self, names: &[&str], with_decryption: bool) -> Result<Found, CallError> {
            if !names.contains(&self.version) {
                return self.store.get_parameters(names, with_decryption).await;
            }
            match self.error {
                Some(kind) => Err(CallError::new("GetParameters", kind, "not now")),
                None => Ok(Found {
                    invalid: vec![self.version.to_owned()],
                    ..Found::default()
                }),
            }
        }
    }

    #[tokio::test]
    async fn values_are_told_as_far_back_as_versions_are_kept() {
        let store = ParameterStore::new();
        for (value, moment) in [("one", 100), ("two", 200), ("three", 300), ("four", 400)] {
            store.put_string_at("/machine", value, AT(moment));
        }
        let reference = "/machine".parse().unwrap();
        let since = async |version, error| {
            let store = &store;
            let lost = Lost { store, version, error };
            Parameters::new(&lost, Duration::ZERO)
                .texts_since(&reference, AT(50), AT(500))
                .await
        };
        assert_eq!(since("/machine:1", None).await.unwrap(), ["four", "three", "two"]);
        assert_eq!(since("/machine:3", None).await.unwrap(), ["four"]);
        // What cannot be read now may be there still.
        for kind in [
            CallErrorKind::Denied,
            CallErrorKind::Throttled,
            CallErrorKind::Unavailable,
        ] {
            assert!(since("/machine:2", Some(kind)).await.is_err(), "{kind:?}");
        }
    }

    #[test]
    fn strings_are_taken_apart_at_their_references() {
        let cases: [(&str, &[Piece<'_>]); 6] = [
            ("", &[Text("")]),
            ("plain {{x}}", &[Text("plain {{x}}")]),
            ("{{ssm:/a}}", &[Text(""), Reference("/a"), Text("")]),
            (
                "x{{ssm:/a:1}}y{{ssm:/b}}",
                &[Text("x"), Reference("/a:1"), Text("y"), Reference("/b"), Text("")],
            ),
            ("x{{ssm:/a", &[Text("x"), Open("{{ssm:/a")]),
            ("{{ssm:{{ssm:/a}}", &[Text(""), Reference("{{ssm:/a"), Text("")]),
        ];
        for (text, expected) in cases {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }
}
