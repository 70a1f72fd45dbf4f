//! Where a network comes from.
