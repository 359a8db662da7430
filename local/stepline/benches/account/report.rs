//! Figures, and the table of them.

use std::fmt::Write as _;
use std::time::Duration;

/// What one piece of work took, or why there is no such thing.
#[derive(Debug, Clone)]
pub(crate) enum Figure {
    Took {
        wall: Duration,
        processor: Option<Duration>,
    },
    /// So many in a second.
    Rate(f64),
    Memory(u64),
    Failed(String),
}

impl Figure {
    pub(crate) fn took(wall: Duration, processor: Option<Duration>) -> Self {
        Self::Took { wall, processor }
    }

    /// What is compared: of times, less is better; of rates, more is.
    fn cost(&self) -> Option<f64> {
        match self {
            Self::Took { wall, .. } => Some(wall.as_secs_f64()),
            Self::Rate(rate) => Some(1.0 / rate),
            Self::Memory(megabytes) => Some(*megabytes as f64),
            Self::Failed(_) => None,
        }
    }

    fn text(&self) -> String {
        let time = |time: &Duration| match time.as_secs_f64() {
            seconds if seconds < 0.1 => format!("{:.1} ms", seconds * 1000.0),
            seconds => format!("{seconds:.2} s"),
        };
        match self {
            Self::Took { wall, processor } => {
                let processor = processor.map(|it| format!(" ({} of the processor)", time(&it)));
                time(wall) + &processor.unwrap_or_default()
            }
            Self::Rate(rate) => format!("{rate:.0} a second"),
            Self::Memory(megabytes) => format!("{megabytes} MB"),
            Self::Failed(why) => why.clone(),
        }
    }
}

/// All figures, by what was done and by account.
pub(crate) struct Report {
    accounts: Vec<String>,
    rows: Vec<(String, Vec<Vec<Figure>>)>,
}

impl Report {
    pub(crate) fn of<'a>(accounts: impl Iterator<Item = &'a str>) -> Self {
        Self {
            accounts: accounts.map(str::to_owned).collect(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, what: &str, account: &str, figure: Figure) {
        let row = match self.rows.iter().position(|(name, _)| name == what) {
            Some(row) => row,
            None => {
                let none = self.accounts.iter().map(|_| Vec::new()).collect();
                self.rows.push((what.to_owned(), none));
                self.rows.len() - 1
            }
        };
        if let Some(at) = self.accounts.iter().position(|name| name == account) {
            self.rows[row].1[at].push(figure);
        }
    }

    /// The medians, and how many times the first account's each other one's are.
    pub(crate) fn table(&self) -> String {
        let mut table = format!("| | {} |\n| --- |", self.accounts.join(" | "));
        table.extend(self.accounts.iter().map(|_| " --: |"));
        table.push('\n');
        for (what, figures) in &self.rows {
            let medians: Vec<Option<Figure>> = figures.iter().map(|figures| median(figures)).collect();
            let first = medians.first().and_then(|median| median.as_ref()?.cost());
            write!(table, "| {what} |").ok();
            for (at, median) in medians.iter().enumerate() {
                let text = median.as_ref().map_or_else(String::new, Figure::text);
                let ratio = median.as_ref().and_then(Figure::cost).zip(first).filter(|_| at > 0);
                let ratio = ratio.map(|(cost, first)| format!(", {:.1} times", cost / first));
                write!(table, " {text}{} |", ratio.unwrap_or_default()).ok();
            }
            table.push('\n');
        }
        table
    }
}

fn median(figures: &[Figure]) -> Option<Figure> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(|a, b| a.cost().partial_cmp(&b.cost()).unwrap_or(std::cmp::Ordering::Equal));
    sorted.get(sorted.len() / 2).cloned()
}
