//! Planning, over networks made by hand.

mod barrier;
mod dangling;
mod existing;
mod given_away;
mod handover;
mod left_out;
mod network_acl;
mod outside;
mod protection;
mod refusing;
mod rename;
mod replacing;
mod room;
mod tags;
mod turns;
mod unmanaged;
mod unread;
mod whole;
mod world;
