//! Tests that measure time by the wall's clock, of processes that are killed, interrupted or kept waiting. They are
//! a program of their own, so that nothing that keeps every processor busy runs beside them.

mod kill;
mod served;
mod signals;
