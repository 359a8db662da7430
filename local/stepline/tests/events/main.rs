//! Every sample event, through the function's own binary and against the local services: what comes of it is what
//! `events/README.md` says.

mod ask_service;
mod image_push;
mod pipeline_action;
mod resolve_parameters;
mod world;

use std::collections::BTreeSet;

#[test]
fn every_sample_is_here() {
    let cases: BTreeSet<String> = pipeline_action::names()
        .chain(image_push::names())
        .chain(resolve_parameters::names())
        .chain(ask_service::names())
        .collect();
    let samples: BTreeSet<String> = world::samples().into_keys().collect();
    assert_eq!(cases, samples);
}
