//! What the services stand on: templates, IAM, the gateway, and the storage services, through their public doors.

mod boundaries;
mod checks;
mod client;
mod cloudformation;
mod denials;
mod deploy;
mod executions;
mod functions;
mod gateway;
mod iam;
mod lasting;
mod mocks;
mod objects;
mod pipelines;
mod qualifiers;
mod regions;
mod roles;
mod serving;
mod tags;
mod template;
mod world;
