//! Parameter Store: parameters with versions, and a SecureString whose value is marked.

use crate::account::Account;
use crate::kept::words::page;
use shared::parameters::{Found, Page, Parameter};
use shared::ports::CallError;

/// How many parameters a page of a path holds.
const A_PAGE: usize = 2;

impl Account {
    pub(super) fn get_parameters(&mut self, names: &[&str], with_decryption: bool) -> Result<Found, CallError> {
        let mut found = Found::default();
        for name in names {
            match self.parameters.read(name, with_decryption) {
                Some(parameter) => found.parameters.push(parameter),
                None => found.invalid.push((*name).to_owned()),
            }
        }
        Ok(found)
    }

    pub(super) fn get_parameters_by_path(&mut self, path: &str, next: Option<&str>) -> Result<Page, CallError> {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let names = self.parameters.values.keys().filter(|name| name.starts_with(&folder));
        let below: Vec<Parameter> = names.filter_map(|name| self.parameters.read(name, false)).collect();
        let (parameters, next_token) = page(&below, next, A_PAGE);
        Ok(Page { parameters, next_token })
    }
}
