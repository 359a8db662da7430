//! Waiting without asking all the time: a bell for each pipeline, which rings when something may be different.

use platform::journal::{Happening, Unheard};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use stepline::cloud::Cloud;
use tokio::sync::watch;

/// The bells. What is different, whoever hears one asks the account.
#[derive(Default)]
pub(super) struct Bells(Mutex<HashMap<String, watch::Sender<()>>>);

impl Bells {
    /// Bells that ring for as long as the account is there.
    pub(super) fn hung(cloud: &Cloud) -> Arc<Self> {
        let bells = Arc::new(Self::default());
        let (ringing, mut journal) = (Arc::clone(&bells), cloud.journal.follow());
        tokio::spawn(async move {
            loop {
                match journal.recv().await {
                    Ok(entry) => ringing.ring(pipeline(&entry.happening)),
                    // Whatever was missed may have been for anybody.
                    Err(Unheard::Lagged(_)) => ringing.ring_all(),
                    Err(Unheard::Closed) => return,
                }
            }
        });
        bells
    }

    /// The bell of a pipeline.
    pub(super) fn of(&self, pipeline: &str) -> watch::Receiver<()> {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bells.entry(pipeline.to_owned()).or_default().subscribe()
    }

    fn ring(&self, pipeline: Option<&str>) {
        let bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = pipeline.and_then(|name| bells.get(name)) {
            bell.send_replace(());
        }
    }

    fn ring_all(&self) {
        for bell in self.0.lock().unwrap_or_else(PoisonError::into_inner).values() {
            bell.send_replace(());
        }
    }
}

/// Whose bell rings: a state machine here is called as its pipeline is.
fn pipeline(happening: &Happening) -> Option<&str> {
    match happening {
        Happening::ApprovalAsked { pipeline, .. } | Happening::PipelineEnded { pipeline, .. } => Some(pipeline),
        Happening::StateEntered { execution_arn, .. } | Happening::ExecutionEnded { execution_arn, .. } => {
            machine(execution_arn)
        }
        // A redrive goes on in its state and enters none: the function's log tells of it.
        Happening::LogLine { line, .. } if line.contains("\"execution redriven\"") => machine(line),
        _ => None,
    }
}

/// The state machine of the execution whose ARN is in a text.
fn machine(text: &str) -> Option<&str> {
    text.split_once(":execution:")?.1.split(':').next()
}
