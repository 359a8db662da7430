//! The chain on this machine.
