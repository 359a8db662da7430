//! What the services stand on: templates, IAM, the gateway, and the storage services, through their public doors.

mod boundaries;
mod client;
mod cloudformation;
mod denials;
mod deploy;
mod executions;
mod gateway;
mod iam;
mod lasting;
mod objects;
mod pipelines;
mod qualifiers;
mod serving;
mod template;
mod world;
