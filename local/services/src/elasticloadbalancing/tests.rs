//! Elastic Load Balancing through the door, and through its ports.
