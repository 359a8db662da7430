//! The frame around every view: the header, the runs at the left, and the view itself.

use crate::account::Gone;
use crate::show::{Context, Theme, kind_icon, plain};
use crate::words::{Language, Word};
use maud::{DOCTYPE, Markup, html};

/// The views that the header leads to: the first segment of their paths, and their words.
pub(crate) const VIEWS: &[(&str, Word)] = &[
    ("runs", Word::Runs),
    ("executions", Word::Executions),
    ("jobs", Word::Jobs),
    ("models", Word::Models),
    ("permissions", Word::Permissions),
    ("events", Word::Events),
    ("functions", Word::Functions),
    ("images", Word::Images),
    ("definitions", Word::Definitions),
];

/// A view and what stands around it.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    /// The title of the window, in front of the product's name.
    pub(crate) title: &'a str,
    /// The first segment of the path.
    pub(crate) view: &'a str,
    /// The list of runs.
    pub(crate) runs: Markup,
    /// The view.
    pub(crate) content: Markup,
    /// The topics at which it is drawn anew: the words that they begin with, one a line.
    pub(crate) live: String,
}

/// The whole document.
pub(crate) fn shell(context: &Context, frame: Frame<'_>) -> Markup {
    let other = match context.language {
        Language::English => (Language::Japanese, "日本語"),
        Language::Japanese => (Language::English, "English"),
    };
    let theme = if context.theme == Theme::Dark {
        Theme::Light
    } else {
        Theme::Dark
    };
    html! {
        (DOCTYPE)
        html lang=(context.language.tag()) data-theme=(context.theme.name()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (plain(frame.title)) " · Stepline" }
                link rel="icon" href="/assets/sign.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/page.css";
                script src="/assets/idiomorph.js" defer {}
                script src="/assets/page.js" defer {}
            }
            body data-live=(frame.live) data-heard=(context.heard) data-lost=(context.say(Word::Lost)) {
                a class="skip" href="#content" { (context.say(Word::SkipToContent)) }
                header class="top" {
                    a class="brand" href="/" { img src="/assets/sign.svg" alt="" width="20" height="20"; "Stepline" }
                    span class="environment" title=(context.say(Word::Environment)) { (context.environment) }
                    nav class="views" aria-label=(context.say(Word::Views)) {
                        @for (path, word) in VIEWS {
                            a href={ "/" (path) } aria-current=[(*path == frame.view).then_some("page")] { (context.say(*word)) }
                        }
                    }
                    form class="search" action="/search" role="search" {
                        (kind_icon("search"))
                        input id="search" type="search" name="q"
                            placeholder=(context.say(Word::SearchHint)) aria-label=(context.say(Word::Search)) autocomplete="off";
                    }
                    a class="choice" id="theme" href={ "/set?theme=" (theme.name()) } data-reload title=(context.say(Word::Theme))
                        aria-label=(context.say(Word::Theme)) { (kind_icon("theme")) }
                    a class="choice" href={ "/set?language=" (other.0.tag()) } data-reload lang=(other.0.tag()) { (other.1) }
                }
                div class="frame" {
                    nav class="runs" aria-label=(context.say(Word::Runs)) { (frame.runs) }
                    main id="content" tabindex="-1" { (frame.content) }
                }
                p id="lost" class="lost" role="status" hidden { (context.say(Word::Lost)) }
            }
        }
    }
}

/// What is shown in the place of something that is gone or broken.
pub(crate) fn gone(context: &Context, gone: &Gone) -> Markup {
    let (title, said) = match gone {
        Gone::NotFound(said) => (Word::NotFound, said),
        Gone::Refused(said) => (Word::Broken, said),
    };
    html! {
        section class="empty" {
            h1 { (context.say(title)) }
            p { (plain(said)) }
            @if matches!(gone, Gone::NotFound(_)) { p { (context.say(Word::NotFoundHint)) } }
            p { a href=(context.to(&[], &[])) { (context.say(Word::Back)) } }
        }
    }
}
