//! The one clock of a schedule: it stands still while anything is ready to go on, and then moves to what comes next.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use shared::time::{Clock, Timestamp};

use crate::account::{Account, Shared};
use crate::happening::Happening;

/// The clock, as the functions read it.
#[derive(Debug, Clone)]
pub struct VirtualClock(pub(crate) Shared);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.0.lock().now
    }

    async fn sleep(&self, duration: Duration) {
        let moment = self.now() + duration;
        self.reached(moment).await;
    }

    async fn reached(&self, moment: Timestamp) {
        reached(&self.0, moment).await;
    }
}

/// Comes back when a moment has come.
pub(crate) async fn reached(account: &Shared, moment: Timestamp) {
    poll_fn(|context| {
        let mut account = account.lock();
        if account.now >= moment {
            return Poll::Ready(());
        }
        // Once more with each poll: what waits may be handed from one waker to another in between.
        let waker = context.waker().clone();
        account.at(moment, Happening::Wake(waker));
        Poll::Pending
    })
    .await;
}

/// Lets whatever else is ready go first.
pub(crate) async fn turn() {
    let mut had_its_turn = false;
    poll_fn(|context| {
        if had_its_turn {
            return Poll::Ready(());
        }
        had_its_turn = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Account {
    /// Puts something on the agenda, behind what is there for the same moment.
    pub(crate) fn at(&mut self, moment: Timestamp, happening: Happening) {
        self.number += 1;
        if !matches!(happening, Happening::Wake(_)) {
            self.pending += 1;
        }
        self.agenda.insert((moment, self.number), happening);
    }

    /// Puts something on the agenda for so long from now.
    pub(crate) fn after(&mut self, duration: Duration, happening: Happening) {
        self.at(self.now + duration, happening);
    }
}
