//! ECS through the door, its tasks as processes on this machine.

mod rollouts;
mod tasks;
mod world;
