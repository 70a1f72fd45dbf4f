//! Trueup against moto.

use trueup_tests::equivalence::{ARTICLE, assert_same, by_hand, by_trueup};
use trueup_tests::programs::Programs;

#[test]
fn the_articles_commands_and_an_apply_leave_the_same_network_on_moto() {
    let Some(programs) = Programs::find() else { return };
    let (ours, theirs) = (programs.moto(), programs.moto());
    let (filter, names) = ("--filters Name=service-name,Values=", "--service-names ");
    assert!(ARTICLE.contains(filter));
    let by_trueup = by_trueup(&programs, &ours, &["--tolerant"]);
    let by_hand = by_hand(&programs, &theirs, &ARTICLE.replace(filter, names), &["--tolerant"]);
    assert_same(&by_hand, &by_trueup);
}
