//! The page, asked as a browser asks it.

mod definitions;
mod world;
