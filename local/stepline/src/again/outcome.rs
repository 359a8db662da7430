//! What comes of looking: what is to be run again.

/// What is to be run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Again {
    /// Everything.
    Whole,
    /// A state machine by itself, from one of its states.
    Machine {
        /// Its ARN.
        machine: String,
        /// The state.
        from: String,
    },
    /// The pipeline; the state machine that it starts begins with one of its states.
    Pipeline {
        /// The state machine's ARN.
        machine: String,
        /// The state.
        from: String,
    },
}
