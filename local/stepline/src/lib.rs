//! The whole chain, from a merge to a finished state machine, on one machine.
//!
//! [`Cloud`](cloud::Cloud) is one AWS account in one region, in this process, on loopback. It is filled from the files
//! that deploy (templates, `samconfig.toml`), and whatever happens in it is written to its
//! [`Journal`](platform::journal::Journal), from which the command prints its progress and tests read the path that was taken.
//!
//! There is one door to every service: [`Platform::call`](platform::Platform::call). The HTTP gateway comes in through it on
//! behalf of SDKs, and services go through it to reach one another, each as the IAM role that it would have on AWS; so
//! a permission that the template does not give is missing here too.

#[macro_use]
mod print;

mod again;
pub mod aws;
pub mod checks;
pub mod cli;
pub mod cloud;
mod command;
pub mod cost;
pub mod definitions;
pub mod deploy;
pub mod display;
pub mod doctor;
mod functions;
pub mod gateway;
pub mod granted;
pub mod init;
pub mod lineage;
pub mod new;
pub mod project;
pub mod samples;
pub mod template;
