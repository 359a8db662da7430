//! Stateful stand-ins for the ports, in memory, for tests.
