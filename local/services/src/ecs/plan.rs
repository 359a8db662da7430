//! What a rolling update does next, from what is known: pure, without a clock and without a call.
//!
//! Follows <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html> and
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>.

use super::service::{CircuitBreaker, Rolling};

/// How a task that is to run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Being {
    /// It does not run yet.
    Pending,
    /// It runs, and is not known to be healthy.
    Running,
    Healthy,
}

/// A task that is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) arn: String,
    /// Whether it is of the primary deployment.
    pub(super) is_new: bool,
    pub(super) being: Being,
}

/// What is known of a service.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) desired: u32,
    pub(super) rolling: &'a Rolling,
    /// Whether the primary deployment may start tasks: it has not failed, and is not made to wait.
    pub(super) may_start: bool,
    /// Whether the primary deployment has failed.
    pub(super) has_failed: bool,
    pub(super) tasks: &'a [Known],
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) start: usize,
    pub(super) stop: Vec<String>,
}

fn share(desired: u32, percent: u32) -> (usize, usize) {
    let hundredths = u64::from(desired) * u64::from(percent);
    let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    (number(hundredths / 100), number(hundredths.div_ceil(100)))
}

/// What a rolling update does next.
pub(super) fn next(view: &View<'_>) -> Next {
    let desired = view.desired as usize;
    let (most, _) = share(view.desired, view.rolling.maximum_percent);
    let (_, least) = share(view.desired, view.rolling.minimum_healthy_percent);
    let (new, old): (Vec<&Known>, Vec<&Known>) = view.tasks.iter().partition(|task| task.is_new);
    let mut next = Next::default();
    // The worst ones go first.
    let mut surplus = new.clone();
    surplus.sort_by_key(|task| task.being);
    let surplus = surplus.into_iter().take(new.len().saturating_sub(desired));
    next.stop.extend(surplus.map(|task| task.arn.clone()));
    if view.may_start && !view.has_failed {
        let room = most.saturating_sub(view.tasks.len() - next.stop.len());
        next.start = desired.saturating_sub(new.len()).min(room);
    }
    if view.has_failed {
        // A deployment that has failed takes nothing away from the one before it.
        return next;
    }
    let healthy = |tasks: &[&Known]| tasks.iter().filter(|task| task.being == Being::Healthy).count();
    let mut spare = (healthy(&new) + healthy(&old)).saturating_sub(least);
    for task in old {
        if task.being != Being::Healthy {
            next.stop.push(task.arn.clone());
        } else if spare > 0 {
            spare -= 1;
            next.stop.push(task.arn.clone());
        }
    }
    next
}

/// How many tasks may fail until a deployment has failed; None if nobody counts.
pub(super) fn threshold(breaker: Option<&CircuitBreaker>, desired: u32) -> Option<u32> {
    let breaker = breaker.filter(|breaker| breaker.enable)?;
    let (kind, value) = match &breaker.threshold_configuration {
        Some(threshold) => (threshold.kind.as_str(), threshold.value),
        None => ("BOUNDED_PERCENT", 50),
    };
    let (_, share) = share(desired, value);
    let share = u32::try_from(share).unwrap_or(u32::MAX);
    Some(match kind {
        "COUNT" => value.max(1),
        "UNBOUNDED_PERCENT" => share.max(1),
        _ => share.clamp(3, 200),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::service::Threshold;

    fn tasks(new: &[Being], old: &[Being]) -> Vec<Known> {
        let named = |is_new: bool, beings: &[Being]| {
            let named = beings.iter().enumerate().map(move |(at, being)| Known {
                arn: format!("{}{at}", if is_new { "new" } else { "old" }),
                is_new,
                being: *being,
            });
            named.collect::<Vec<_>>()
        };
        [named(true, new), named(false, old)].concat()
    }

    fn decide(desired: u32, (minimum, maximum): (u32, u32), new: &[Being], old: &[Being]) -> (usize, Vec<String>) {
        let rolling = Rolling {
            minimum_healthy_percent: minimum,
            maximum_percent: maximum,
            ..Rolling::default()
        };
        let next = next(&View {
            desired,
            rolling: &rolling,
            may_start: true,
            has_failed: false,
            tasks: &tasks(new, old),
        });
        (next.start, next.stop)
    }

    #[test]
    fn old_tasks_go_when_new_ones_are_healthy() {
        use Being::{Healthy, Pending, Running};
        let usual = (100, 200);
        assert_eq!(decide(2, usual, &[], &[]), (2, vec![]));
        assert_eq!(decide(2, usual, &[], &[Healthy; 2]), (2, vec![]));
        assert_eq!(decide(2, usual, &[Running; 2], &[Healthy; 2]), (0, vec![]));
        assert_eq!(
            decide(2, usual, &[Healthy, Pending], &[Healthy; 2]),
            (0, vec!["old0".into()])
        );
        assert_eq!(decide(2, usual, &[Healthy; 2], &[Healthy]), (0, vec!["old0".into()]));
        // What is not healthy serves nobody.
        assert_eq!(decide(1, usual, &[Pending], &[Running]), (0, vec!["old0".into()]));
        // No more than there is room for, and no fewer than must serve.
        assert_eq!(
            decide(4, (50, 100), &[], &[Healthy; 4]),
            (0, vec!["old0".into(), "old1".into()])
        );
        assert_eq!(decide(4, (50, 100), &[], &[Healthy; 2]), (2, vec![]));
        assert_eq!(decide(3, (100, 150), &[], &[Healthy; 3]), (1, vec![]));
        // Scaled down, to nothing at last.
        assert_eq!(decide(1, usual, &[Healthy, Pending], &[]), (0, vec!["new1".into()]));
        assert_eq!(
            decide(0, usual, &[Healthy], &[Healthy]),
            (0, vec!["new0".into(), "old0".into()])
        );
    }

    #[test]
    fn a_failed_deployment_neither_starts_nor_stops_anything() {
        let next = next(&View {
            desired: 1,
            rolling: &Rolling::default(),
            may_start: true,
            has_failed: true,
            tasks: &tasks(&[], &[Being::Healthy]),
        });
        assert_eq!(next, Next::default());
    }

    #[test]
    fn thresholds_are_half_of_the_tasks_within_bounds() {
        let breaker = |threshold_configuration| CircuitBreaker {
            enable: true,
            rollback: true,
            reset_on_healthy_task: None,
            threshold_configuration,
        };
        let usual = breaker(None);
        for (desired, expected) in [(0, 3), (1, 3), (6, 3), (7, 4), (25, 13), (400, 200), (1000, 200)] {
            assert_eq!(threshold(Some(&usual), desired), Some(expected), "{desired}");
        }
        let of = |kind: &str, value| {
            let kind = kind.to_owned();
            threshold(Some(&breaker(Some(Threshold { kind, value }))), 4)
        };
        assert_eq!(
            [of("COUNT", 1), of("UNBOUNDED_PERCENT", 50), of("BOUNDED_PERCENT", 100)],
            [Some(1), Some(2), Some(4)]
        );
        assert_eq!(threshold(None, 4), None);
    }
}
