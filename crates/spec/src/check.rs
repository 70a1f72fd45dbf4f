//! What no single attribute can tell: what the tables say for all kinds, and what each kind checks of a topology
//! as a whole.

mod own_vpc;
mod quota;
mod unique;

use trueup_model::{Diagnostic, Kind, Topology};

/// Checks a topology as a whole.
pub fn check(topology: &Topology) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    own_vpc::check(topology, &mut found);
    quota::check(topology, &mut found);
    unique::check(topology, &mut found);
    for kind in Kind::ALL {
        kind.rules().check(topology, &mut found);
    }
    found
}
