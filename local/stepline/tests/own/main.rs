//! Repositories of others: what is found in them, what `init` writes down, and what `new` makes.

mod chain;
mod edit;
mod layouts;
mod new;
mod world;
