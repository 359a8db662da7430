//! What Elastic Load Balancing has in this account and region, and what runs of it.

use super::health::{State, Watched};
use super::rows::{Action, Group, Rows, Target};
use platform::Platform;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// How often one looks whether a target that leaves has answered everything.
const LOOK: Duration = Duration::from_millis(5);

/// Elastic Load Balancing in this account and region.
#[derive(Debug, Default)]
pub struct ElasticLoadBalancing {
    rows: Mutex<Rows>,
    /// By the target group's ARN.
    watched: Mutex<BTreeMap<String, BTreeMap<Target, Arc<Watched>>>>,
    /// What answers at the load balancers' ports, by ARN.
    pub(super) proxies: Mutex<BTreeMap<String, AbortHandle>>,
    turn: AtomicUsize,
}

/// A target that takes a request, and what says that it is busy with it.
pub(super) struct Picked {
    pub(super) target: Target,
    pub(super) flight: Arc<()>,
}

/// What a load balancer does with a request.
pub(super) enum Next {
    Ask(Picked),
    Answer {
        status: u16,
        content_type: String,
        body: String,
    },
    /// Nobody is there to be asked.
    Unavailable,
}

impl ElasticLoadBalancing {
    pub(super) fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watched(&self) -> MutexGuard<'_, BTreeMap<String, BTreeMap<Target, Arc<Watched>>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn watched_target(&self, group: &str, target: &Target) -> Option<Arc<Watched>> {
        self.watched().get(group)?.get(target).cloned()
    }

    /// The targets of a group that are watched, those that leave included.
    pub(super) fn watched_targets(&self, group: &str) -> Vec<(Target, Arc<Watched>)> {
        let watched = self.watched();
        let targets = watched.get(group).into_iter().flatten();
        targets
            .map(|(target, watched)| (target.clone(), Arc::clone(watched)))
            .collect()
    }

    /// What the load balancer does with its next request.
    pub(super) fn next(&self, balancer: &str) -> Next {
        let action = {
            let rows = self.rows();
            let listener = rows.listeners.values().find(|listener| listener.balancer == balancer);
            listener.map(|listener| listener.action.clone())
        };
        match action {
            Some(Action::Forward(group)) => self.pick(&group).map_or(Next::Unavailable, Next::Ask),
            Some(Action::Fixed {
                status,
                content_type,
                body,
            }) => Next::Answer {
                status,
                content_type,
                body,
            },
            None => Next::Unavailable,
        }
    }

    /// The next healthy target. If all are unhealthy, any is as good:
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-health>.
    fn pick(&self, group: &str) -> Option<Picked> {
        let watched = self.watched();
        let targets = watched.get(group)?;
        let being = |state| targets.iter().filter(move |(_, watched)| watched.state() == state);
        let mut fit: Vec<_> = being(State::Healthy).collect();
        if fit.is_empty() {
            fit = being(State::Unhealthy).collect();
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (target, watched) = fit.get(turn.checked_rem(fit.len())?)?;
        Some(Picked {
            target: (*target).clone(),
            // Taken under the lock: whoever lets the target leave sees it.
            flight: Arc::clone(&watched.flight),
        })
    }

    /// Watches a target from now on.
    pub(super) fn watch(self: &Arc<Self>, platform: &Arc<Platform>, group: &str, target: &Target) {
        let watched = Arc::new(Watched::new());
        let mut all = self.watched();
        all.entry(group.to_owned())
            .or_default()
            .insert(target.clone(), Arc::clone(&watched));
        drop(all);
        let (service, platform) = (Arc::clone(self), Arc::clone(platform));
        let (group, target) = (group.to_owned(), target.clone());
        tokio::spawn(async move {
            loop {
                let found = {
                    let rows = service.rows();
                    let is_used = !rows.balancers_of(&group).is_empty();
                    rows.groups.get(&group).map(|found| (found.check.clone(), is_used))
                };
                let Some((check, is_used)) = found else { break };
                if watched.state() == State::Draining {
                    break;
                }
                if is_used {
                    watched.look(&target, &check, &platform.pace).await;
                }
                tokio::time::sleep(watched.pause(&check, &platform.pace)).await;
            }
        });
    }

    /// Lets a target go: it gets no new requests, and leaves when it has answered those that it has.
    pub(super) fn let_go(self: &Arc<Self>, group: &Group, target: &Target) {
        let Some(watched) = self.watched_target(&group.arn, target) else {
            return;
        };
        {
            // Nobody picks it meanwhile.
            let _all = self.watched();
            watched.drain();
        }
        let (service, target) = (Arc::clone(self), target.clone());
        let (group, late) = (group.arn.clone(), Instant::now() + group.delay());
        tokio::spawn(async move {
            while !watched.is_idle() && Instant::now() < late {
                tokio::time::sleep(LOOK).await;
            }
            service.forget(&group, &target, &watched);
        });
    }

    fn forget(&self, group: &str, target: &Target, watched: &Arc<Watched>) {
        let mut all = self.watched();
        if let Some(targets) = all.get_mut(group)
            // It may have come again.
            && targets.get(target).is_some_and(|found| Arc::ptr_eq(found, watched))
        {
            targets.remove(target);
        }
    }
}
