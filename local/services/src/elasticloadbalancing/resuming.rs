//! Goes on where an earlier run has ended: its rows are there, and nothing of it runs any more.

use super::account::ElasticLoadBalancing;
use super::proxy;
use super::rows::Target;
use platform::{Platform, ServiceError};
use std::sync::{Arc, PoisonError};

impl ElasticLoadBalancing {
    /// Answers for the load balancers that are there and do not answer yet, at the ports that they had where those are free, and watches
    /// their targets.
    ///
    /// # Errors
    /// This machine has no port for one of them.
    pub fn resume(self: &Arc<Self>, platform: &Arc<Platform>) -> Result<(), ServiceError> {
        let targets: Vec<(String, Target)> = {
            let mut rows = self.rows();
            let known: Vec<String> = {
                let proxies = self.proxies.lock().unwrap_or_else(PoisonError::into_inner);
                proxies.keys().cloned().collect()
            };
            if rows.balancers.keys().all(|arn| known.contains(arn)) {
                return Ok(());
            }
            for balancer in rows
                .balancers
                .values_mut()
                .filter(|balancer| !known.contains(&balancer.arn))
            {
                let begun = proxy::listen(&balancer.name, Some(balancer.port)).and_then(|(listener, port)| {
                    balancer.port = port;
                    proxy::serve(self, &balancer.arn, listener, port)
                });
                let serving = begun.map_err(|error| {
                    let message = format_args!("the load balancer {} cannot listen: {error}", balancer.name);
                    ServiceError::new("InternalFailure", message).with_status(500)
                })?;
                let mut proxies = self.proxies.lock().unwrap_or_else(PoisonError::into_inner);
                proxies.insert(balancer.arn.clone(), serving);
            }
            let groups = rows.groups.values();
            let targets =
                groups.flat_map(|group| group.targets.iter().map(|target| (group.arn.clone(), target.clone())));
            targets.collect()
        };
        for (group, target) in targets {
            self.watch(platform, &group, &target);
        }
        Ok(())
    }
}

#[cfg(test)]
impl ElasticLoadBalancing {
    /// Gives what lasts to another run, and answers no more.
    pub(crate) fn hand_over(&self, to: &Self) {
        let (mut from, mut to) = (self.rows(), to.rows());
        for arn in from.balancers.keys().cloned().collect::<Vec<_>>() {
            to.balancers.insert(arn.clone(), from.balancers.remove(&arn).unwrap());
        }
        for arn in from.listeners.keys().cloned().collect::<Vec<_>>() {
            to.listeners.insert(arn.clone(), from.listeners.remove(&arn).unwrap());
        }
        for arn in from.groups.keys().cloned().collect::<Vec<_>>() {
            to.groups.insert(arn.clone(), from.groups.remove(&arn).unwrap());
        }
        let proxies = std::mem::take(&mut *self.proxies.lock().unwrap());
        for (_, serving) in proxies {
            serving.abort();
        }
    }
}
