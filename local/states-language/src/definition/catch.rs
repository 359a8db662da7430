//! `Catch`: which errors lead to which state.

use std::sync::Arc;

use super::common::{Assign, Common, Exit, place};
use super::reading::{Fields, Names, ResultPath};
use super::retry::{Raised, matches};
use crate::expression::{Failure, QueryLanguage, Scope, StateError, Template};
use crate::text::Json;

/// One entry of `Catch`.
#[derive(Debug)]
pub(crate) struct Catcher {
    errors: Vec<Arc<str>>,
    pub(crate) next: usize,
    result_path: ResultPath,
    assign: Option<Assign>,
    output: Option<Template>,
}

impl Catcher {
    pub(crate) fn parse_all(fields: &Fields<'_>, names: &Names<'_>) -> Vec<Catcher> {
        let items = fields.items("Catch").unwrap_or_default();
        let mut catchers = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("{}/{index}", fields.at("Catch"));
            let Some(fields) = fields.sub(item, pointer, format!("'Catch' {index} of {}", fields.what())) else {
                continue;
            };
            let errors = fields.error_names(index + 1 == items.len());
            let assign = Assign::parse(&fields, &format!("Catch[{index}]/Assign"));
            let (result_path, output) = match fields.language {
                QueryLanguage::JsonPath => {
                    fields.refuse(&["Output"]);
                    (fields.result_path(), None)
                }
                QueryLanguage::Jsonata => {
                    fields.refuse(&["ResultPath"]);
                    (
                        ResultPath::Replace,
                        fields.template("Output", &format!("Catch[{index}]/Output")),
                    )
                }
            };
            if !fields.has("Next") {
                fields.missing("Next");
            }
            if let Some(next) = names.resolve(&fields, "Next") {
                catchers.push(Catcher {
                    errors,
                    next,
                    result_path,
                    assign,
                    output,
                });
            }
            fields.finish();
        }
        catchers
    }

    /// What it assigns.
    pub(super) fn assign(&self) -> Option<&Assign> {
        self.assign.as_ref()
    }

    /// Whether the error is this catcher's business.
    pub(crate) fn matches(&self, raised: &Raised) -> bool {
        matches(&self.errors, raised)
    }

    /// What the next state gets: the error, in its place in the state's raw input.
    pub(crate) fn exit(&self, common: &Common, scope: &Scope<'_>, failure: &Failure) -> Result<Exit, StateError> {
        let error_output = error_output(failure);
        if common.language == QueryLanguage::Jsonata {
            let scope = Scope {
                error_output: Some(&error_output),
                result: None,
                ..*scope
            };
            return common.exit_with(&scope, &error_output, self.output.as_ref(), self.assign.as_ref());
        }
        let assigned = Assign::evaluated(self.assign.as_ref(), &scope.with_input(&error_output))?;
        Ok(Exit {
            output: place(&self.result_path, scope.state_input, error_output)?,
            assigned,
        })
    }
}

/// An error as data.
pub(crate) fn error_output(failure: &Failure) -> Json {
    let text = |text: &Option<Arc<str>>| text.clone().unwrap_or_default();
    Json::object([
        ("Error", text(&failure.error).into()),
        ("Cause", text(&failure.cause).into()),
    ])
}
