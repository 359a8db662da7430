//! A bill for people: as text, and as Markdown for a pull request.

use super::bill::{Bill, Line};
use std::fmt::Write as _;

/// A bill as text.
#[must_use]
pub fn text(bill: &Bill) -> String {
    let mut text = format!(
        "The most that one run of {} can cost, in {}:\n",
        bill.pipeline, bill.region
    );
    rows(&mut text, &bill.run);
    let _ = writeln!(text, "{:>12}  together{}", dollars(bill.run_usd()), but(bill));
    if !bill.service_hour.is_empty() {
        text.push_str("\nThe service, where it is deployed, for an hour:\n");
        rows(&mut text, &bill.service_hour);
        let (hour, month) = (dollars(bill.service_hour_usd()), dollars(bill.service_month_usd()));
        let _ = writeln!(text, "{hour:>12}  together; {month} a month");
    }
    text.push('\n');
    for note in &bill.notes {
        let _ = writeln!(text, "{note}");
    }
    text
}

fn rows(text: &mut String, lines: &[Line]) {
    for line in lines {
        let usd = line.usd.map_or_else(|| "no price".to_owned(), dollars);
        let _ = writeln!(text, "{usd:>12}  {}, {}: {}", line.service, line.what, line.computation);
    }
}

fn but(bill: &Bill) -> &'static str {
    if bill.is_incomplete() {
        ", and what has no price"
    } else {
        ""
    }
}

/// The change against another bill, as text. What costs the same is not named.
#[must_use]
pub fn compared(bill: &Bill, base: &Bill, name: &str) -> String {
    let mut text = format!("Against {name}:\n");
    for (what, now, before) in sums(bill, base) {
        let _ = writeln!(
            text,
            "{:>12}  {what}: {} instead of {}",
            change(now, before),
            dollars(now),
            dollars(before)
        );
    }
    for (sign, line) in differing(bill, base) {
        let usd = line.usd.map_or_else(|| "no price".to_owned(), dollars);
        let _ = writeln!(
            text,
            "{usd:>12}  {sign} {}, {}: {}",
            line.service, line.what, line.computation
        );
    }
    text
}

/// A bill as Markdown, with the change against another one.
#[must_use]
pub fn markdown(bill: &Bill, base: Option<(&Bill, &str)>) -> String {
    let mut text = format!("### What `{}` can cost at most\n\n", bill.pipeline);
    match base {
        None => {
            let _ = writeln!(
                text,
                "One run: **{}**{} ({}).\n",
                dollars(bill.run_usd()),
                but(bill),
                bill.region
            );
        }
        Some((base, name)) => {
            let _ = writeln!(text, "| | {} | here | change |\n| --- | --: | --: | --: |", cell(name));
            for (what, now, before) in sums(bill, base) {
                let change = change(now, before);
                let _ = writeln!(
                    text,
                    "| {what} | {} | {} | **{change}** |",
                    dollars(before),
                    dollars(now)
                );
            }
            text.push('\n');
            let differing = differing(bill, base);
            if !differing.is_empty() {
                text.push_str("| | what differs | computation | |\n| --- | --- | --- | --: |\n");
                differing.iter().for_each(|(sign, line)| row(&mut text, sign, line));
                text.push('\n');
            }
        }
    }
    text.push_str("<details><summary>Each part</summary>\n\n| | | computation | |\n| --- | --- | --- | --: |\n");
    bill.run.iter().for_each(|line| row(&mut text, "a run", line));
    bill.service_hour
        .iter()
        .for_each(|line| row(&mut text, "an hour", line));
    text.push('\n');
    bill.notes.iter().for_each(|note| {
        let _ = writeln!(text, "- {}", cell(note));
    });
    text.push_str("\n</details>\n");
    text
}

fn row(text: &mut String, first: &str, line: &Line) {
    let usd = line.usd.map_or_else(|| "no price".to_owned(), dollars);
    let what = format!("{}, {}", line.service, line.what);
    let _ = writeln!(
        text,
        "| {first} | {} | {} | {usd} |",
        cell(&what),
        cell(&line.computation)
    );
}

/// A text for a cell of a table: what is in the repository may have anything in it.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '<' | '>' | '`' | '[' | ']' | '*' | '\\' | '!' | '@' | '&' => {
                let _ = write!(cell, "&#{};", u32::from(c));
            }
            '\n' | '\r' => cell.push(' '),
            _ => cell.push(c),
        }
    }
    cell
}

/// The sums that are compared: what, now, before.
fn sums(bill: &Bill, base: &Bill) -> Vec<(&'static str, f64, f64)> {
    let mut sums = vec![("one run", bill.run_usd(), base.run_usd())];
    if !bill.service_hour.is_empty() || !base.service_hour.is_empty() {
        sums.push((
            "the service, a month",
            bill.service_month_usd(),
            base.service_month_usd(),
        ));
    }
    sums
}

/// The lines that only one of the bills has: those of the base first.
fn differing<'b>(bill: &'b Bill, base: &'b Bill) -> Vec<(&'static str, &'b Line)> {
    fn all(bill: &Bill) -> Vec<&Line> {
        bill.run.iter().chain(&bill.service_hour).collect()
    }
    let (here, there) = (all(bill), all(base));
    let gone = there
        .iter()
        .filter(|line| !here.contains(line))
        .map(|line| ("before", *line));
    let new = here
        .iter()
        .filter(|line| !there.contains(line))
        .map(|line| ("now", *line));
    gone.chain(new).collect()
}

fn change(now: f64, before: f64) -> String {
    let sign = if now < before { "-" } else { "+" };
    format!("{sign}{}", dollars((now - before).abs()))
}

/// Cents, and as many digits more as a small sum needs.
fn dollars(usd: f64) -> String {
    if usd == 0.0 || usd >= 0.01 {
        format!("${usd:.4}")
    } else {
        format!("${usd:.7}")
    }
}
