//! How fast accounts are, this one and others beside it: `cargo bench --workspace --bench account -- NAME=WHERE …`.
//!
//! Each account is a process of its own that is asked over HTTP, with the same work, in turns, so that the ratios hold where
//! the figures do not. `WHERE` is the program of another build of Stepline, which is started where its sources are, or the
//! address of a server that is there. `--scale 0.1` asks for a tenth of the work. `--only WHAT` does what has that in its name.

mod account;
mod client;
mod report;
mod work;

use account::Account;
use report::{Figure, Report};
use std::process::ExitCode;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// How often `up` is started, and the chain run, of each account.
const ROUNDS: usize = 7;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match measured().await {
        Ok(report) => {
            print!("{}", report.table());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measured() -> Fallible<Report> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|given| given != "--bench").collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|given| given == name)?;
        arguments.get(at + 1)
    };
    let scale = option("--scale").map_or(Ok(1.0), |scale| {
        scale
            .parse::<f64>()
            .map_err(|_| format!("`--scale {scale}`: not a number"))
    })?;
    let is_wanted = |what: &str| option("--only").is_none_or(|only| what.contains(only.as_str()));
    let mut accounts = vec![Account::here()?];
    for (name, place) in arguments.iter().filter_map(|given| given.split_once('=')) {
        accounts.push(Account::there(name, place)?);
    }
    let mut report = Report::of(accounts.iter().map(Account::name));
    if is_wanted("up, until it is ready") {
        for _ in 0..ROUNDS {
            for account in &mut accounts {
                if let Some(start) = account.start_again()? {
                    report.add("up, until it is ready", account.name(), start);
                }
            }
        }
    }
    if is_wanted("run --machine hello") {
        for _ in 0..ROUNDS {
            for account in &accounts {
                if let Some(run) = account.run_hello()? {
                    report.add("run --machine hello", account.name(), run);
                }
            }
        }
    }
    for work in work::ALL.iter().filter(|work| is_wanted(work.name)) {
        let (mut rows, mut not_done) = (Vec::new(), Vec::new());
        for account in &mut accounts {
            account.start_fresh()?;
            eprintln!("{}: {}", account.name(), work.name);
            match work.done_by(account, scale).await {
                Ok(figures) => {
                    rows = figures.iter().map(|(what, _)| what.clone()).collect();
                    figures
                        .into_iter()
                        .for_each(|(what, figure)| report.add(&what, account.name(), figure));
                }
                Err(why) => {
                    eprintln!("{}: {}: {why}", account.name(), work.name);
                    not_done.push(account.name().to_owned());
                }
            }
            account.stop();
        }
        for (what, account) in rows
            .iter()
            .flat_map(|what| not_done.iter().map(move |account| (what, account)))
        {
            report.add(what, account, Figure::Failed("not done".into()));
        }
    }
    Ok(report)
}
