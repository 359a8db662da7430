//! Repositories of others: what is found in them, what `init` writes down, and what `new` makes.

mod activities;
mod begun;
mod chain;
mod edit;
mod layouts;
mod new;
mod output;
mod world;
