//! The function through its front door, against a Parameter Store in memory.

mod limits;
mod requests;
