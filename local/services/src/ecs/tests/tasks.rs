//! Tasks and their definitions.
