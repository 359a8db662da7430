//! The page, asked as a browser asks it.

mod definitions;
mod why;
mod world;
