//! Schedule expressions: whether a `rate(…)` or a `cron(…)` is written correctly. Nothing here fires.
//!
//! Follows <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>.

/// What is wrong with a schedule expression, if anything.
pub(super) fn check(expression: &str) -> Result<(), String> {
    let inner = |kind: &str| {
        expression
            .strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix('('))
            .and_then(|rest| rest.strip_suffix(')'))
    };
    let right = match (inner("rate"), inner("cron")) {
        (Some(rate), _) => is_rate(rate),
        (_, Some(cron)) => is_cron(cron),
        _ => false,
    };
    if right {
        Ok(())
    } else {
        Err("Parameter ScheduleExpression is not valid.".into())
    }
}

fn is_rate(rate: &str) -> bool {
    let Some((count, unit)) = rate.split_once(' ') else {
        return false;
    };
    match count.parse::<u32>() {
        Ok(0) | Err(_) => false,
        Ok(1) => ["minute", "hour", "day"].contains(&unit),
        Ok(_) => ["minutes", "hours", "days"].contains(&unit),
    }
}

const MONTHS: &str = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC";
const WEEKDAYS: &str = "SUN MON TUE WED THU FRI SAT";

fn is_cron(cron: &str) -> bool {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minutes, hours, day, month, weekday, year] = fields.as_slice() else {
        return false;
    };
    // A day of the month or of the week must be given, and one of both must be left open.
    (*day == "?") != (*weekday == "?")
        && is_field(minutes, 0, 59, "")
        && is_field(hours, 0, 23, "")
        && (*day == "?" || *day == "L" || is_weekday_near(day) || is_field(day, 1, 31, ""))
        && is_field(month, 1, 12, MONTHS)
        && (*weekday == "?" || is_nth_weekday(weekday) || is_field(weekday, 1, 7, WEEKDAYS))
        && is_field(year, 1970, 2199, "")
}

/// `15W`: the weekday nearest to the 15th.
fn is_weekday_near(day: &str) -> bool {
    day.strip_suffix('W').is_some_and(|day| is_field(day, 1, 31, ""))
}

/// `L`, `6L` (the last Friday) and `3#2` (the second Tuesday).
fn is_nth_weekday(weekday: &str) -> bool {
    weekday == "L"
        || weekday
            .strip_suffix('L')
            .is_some_and(|weekday| is_field(weekday, 1, 7, WEEKDAYS))
        || weekday
            .split_once('#')
            .is_some_and(|(weekday, nth)| is_field(weekday, 1, 7, WEEKDAYS) && is_field(nth, 1, 5, ""))
}

/// Values, ranges and steps, separated by commas: `*`, `5`, `MON-FRI`, `0/15`, `1-20/5`.
fn is_field(field: &str, least: u32, most: u32, names: &str) -> bool {
    let value = |text: &str| {
        names
            .split(' ')
            .any(|name| !name.is_empty() && name.eq_ignore_ascii_case(text))
            || text.parse::<u32>().is_ok_and(|number| (least..=most).contains(&number))
    };
    let range = |text: &str| match text.split_once('-') {
        Some((from, to)) => value(from) && value(to),
        None => text == "*" || value(text),
    };
    !field.is_empty()
        && field.split(',').all(|part| match part.split_once('/') {
            Some((start, step)) => range(start) && step.parse::<u32>().is_ok_and(|step| step > 0),
            None => range(part),
        })
}

#[cfg(test)]
mod tests {
    #[test]
    fn schedules_are_checked() {
        for (expression, right) in [
            ("rate(1 hour)", true),
            ("rate(1 hours)", false),
            ("rate(5 minutes)", true),
            ("rate(0 minutes)", false),
            ("rate(5 minute)", false),
            ("rate(5)", false),
            ("cron(0 16 * * ? *)", true),
            ("cron(0/15 8-17 ? * MON-FRI *)", true),
            ("cron(0 0 L * ? *)", true),
            ("cron(0 0 15W JAN,JUL ? 2026)", true),
            ("cron(0 0 ? * 6L *)", true),
            ("cron(0 0 ? * 3#2 *)", true),
            ("cron(0 16 * * * *)", false),
            ("cron(0 16 ? * ? *)", false),
            ("cron(60 16 * * ? *)", false),
            ("cron(0 16 * * ?)", false),
            ("0 16 * * *", false),
            ("", false),
        ] {
            assert_eq!(super::check(expression).is_ok(), right, "{expression}");
        }
    }
}
