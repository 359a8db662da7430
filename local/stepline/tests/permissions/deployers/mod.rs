//! What the deploy workflow's roles may do: nothing with the other environment, and all that CloudFormation needs for their
//! own.
//!
//! The stacks of both environments are deployed into one account. The actions that a policy names are
//! [expanded](actions::named) to every action that AWS has under that name, and each is asked about on each resource.

mod account;
mod actions;
mod boundaries;
mod export;
mod handlers;
mod separation;
mod unused;
