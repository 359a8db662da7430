//! What a request says: the language, the theme, and what is selected.

use crate::served::Served;
use crate::show::{Context, Links, Theme};
use crate::words::Language;
use axum::extract::Query;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
use jiff::Timestamp;

/// What an address selects: the pairs behind its question mark.
pub(super) type Asked = Query<Vec<(String, String)>>;

/// A cookie's value.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// What the views are drawn for.
pub(super) fn context(served: &Served, headers: &HeaderMap) -> Context {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let chosen = cookie(headers, "language").and_then(Language::of_tag);
    Context {
        language: chosen.unwrap_or_else(|| Language::accepted(accepted.unwrap_or_default())),
        theme: Theme::of_name(cookie(headers, "theme").unwrap_or_default()),
        now: Timestamp::now(),
        heard: served.page.platform.journal.since(u64::MAX).0,
        links: Links::Served,
        environment: served.page.environment.clone(),
        may_act: served.page.may_act,
        command: served.page.command,
    }
}
