//! What replaces and what stops has its source in EC2's API.

use std::path::Path;

use trueup_model::Kind;
use trueup_model::schema::{Cost, Effect};

use super::{none, text};

#[test]
fn every_attribute_that_replaces_or_stops_has_its_source() {
    let page = "docs/decisions/0016-what-replaces-and-what-stops.md";
    let listed: Vec<String> = text(Path::new(page))
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| `")?
                .split(" | ")
                .next()
                .map(|cell| format!("`{cell}"))
        })
        .flat_map(|cell| {
            cell.split('`')
                .filter(|name| name.contains('.'))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    let costly: Vec<String> = Kind::ALL
        .into_iter()
        .flat_map(|kind| {
            kind.schema()
                .attributes
                .iter()
                .map(move |attribute| (kind, attribute))
        })
        .filter(|(_, attribute)| !matches!(attribute.effect, Cost::Fixed(Effect::InPlace)))
        .map(|(kind, attribute)| format!("{kind}.{}", attribute.name))
        .collect();
    let missing = costly
        .iter()
        .filter(|name| !listed.contains(name))
        .map(|name| format!("{name} is not there"));
    let spare = listed
        .iter()
        .filter(|name| !costly.contains(name))
        .map(|name| format!("{name} changes in place"));
    none(page, &missing.chain(spare).collect::<Vec<_>>());
}
