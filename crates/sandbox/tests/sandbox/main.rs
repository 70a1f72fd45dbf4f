//! The tests of the simulated EC2, in one program.

mod file;
mod flow_logs;
mod harness;
mod ipv6;
mod life;
mod peerings;
mod rules;
mod rules_groups;
mod rules_instances;
mod serve;
mod takes;
