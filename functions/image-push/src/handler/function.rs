//! The function itself: its settings, its ports, and what it remembers between calls.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::parameters::{GetParameters, Parameters};

use crate::rule::RuleSource;
use crate::settings::Settings;

/// The function: its settings, and the ports that it works with.
#[derive(Debug)]
pub struct ImagePush<R, S, P> {
    pub(super) rules: RuleSource,
    pub(super) look_back: Duration,
    pub(super) max_starts: usize,
    pub(super) registry: R,
    pub(super) step_functions: S,
    pub(super) parameters: Parameters<P>,
    /// State machines that are known to be Standard. A state machine never changes its type.
    standard: Mutex<HashSet<String>>,
}

impl<R, S, P: GetParameters> ImagePush<R, S, P> {
    /// A function with these settings and ports.
    pub fn new(settings: Settings, registry: R, step_functions: S, port: P) -> Self {
        Self {
            rules: settings.rules,
            look_back: settings.look_back,
            max_starts: settings.max_starts,
            registry,
            step_functions,
            parameters: Parameters::new(port, settings.time_to_live),
            standard: Mutex::default(),
        }
    }
}

impl<R, S, P> ImagePush<R, S, P> {
    pub(super) fn is_known_standard(&self, state_machine: &str) -> bool {
        self.standard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(state_machine)
    }

    pub(super) fn know_standard(&self, state_machine: &str) {
        self.standard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(state_machine.to_owned());
    }
}
