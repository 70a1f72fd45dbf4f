//! Explanations as text.

use std::fmt;

use super::{Blocker, Explanation, Hop, Services};
use crate::service::ServiceSet;
use crate::summary::reported;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = self.verdict.as_str().to_uppercase();
        write!(f, "{verdict}  {} -> {}", self.from, self.to)?;
        match &self.over {
            Some(over) => writeln!(f, " {over}")?,
            None => {
                let Services {
                    allowed,
                    partial,
                    unknown,
                    ..
                } = &self.services;
                let what = reported([allowed, partial, unknown], ServiceSet::in_words);
                writeln!(f, "  {}", if what.is_empty() { "nothing" } else { &what })?;
            }
        }
        let mut number = 1;
        for (title, hops) in [("forward", &self.forward), ("return", &self.back)] {
            if !hops.is_empty() {
                writeln!(f, " {title}")?;
            }
            for hop in hops {
                line(f, number, hop)?;
                number += 1;
            }
        }
        blockers(f, &self.blockers, "needs")?;
        for other in &self.alternatives {
            blockers(f, other, "or")?;
        }
        if !self.is_looked_at && self.blockers.iter().any(|blocker| blocker.proposal.is_some()) {
            writeln!(
                f,
                " what else these changes open was not looked at: there are too many hosts"
            )?;
        }
        for assumption in &self.assumptions {
            writeln!(f, " assumed: {assumption}")?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, number: usize, hop: &Hop) -> fmt::Result {
    let head = format!("{} {}", hop.kind.replace('_', " "), hop.component);
    let rule = hop.rule.as_deref().unwrap_or(if hop.result == "end" {
        ""
    } else {
        "no rule matches"
    });
    let text = format!(
        "  {number} {head:<32}  {rule:<56}  {}",
        if matches!(hop.result, "pass" | "end") {
            ""
        } else {
            hop.result
        }
    );
    writeln!(f, "{}", text.trim_end())
}

fn blockers(f: &mut fmt::Formatter<'_>, blockers: &[Blocker], word: &str) -> fmt::Result {
    if blockers.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        " {word} {} change{}",
        blockers.len(),
        if blockers.len() == 1 { "" } else { "s" }
    )?;
    for blocker in blockers {
        let aws = blocker
            .aws_code
            .map(|code| format!(" (AWS: {code})"))
            .unwrap_or_default();
        let detail = if blocker.detail.is_empty() {
            String::new()
        } else {
            format!(" ({})", blocker.detail)
        };
        let way = if blocker.direction == "return" {
            "on the way back: "
        } else {
            ""
        };
        writeln!(
            f,
            "  x {way}{}: {}{detail}  code {}{aws}",
            blocker.component,
            blocker.what,
            blocker.code.as_str()
        )?;
        for matched in &blocker.matched {
            writeln!(f, "      {matched}")?;
        }
        if let Some(proposal) = &blocker.proposal {
            writeln!(f, "    fix: {}", proposal.fix())?;
            for opened in proposal.opens().lines() {
                writeln!(f, "      opens as well: {opened}")?;
            }
        }
        if let Some(place) = blocker.source.as_ref().filter(|place| place.line > 0) {
            writeln!(f, "    at {}:{}:{}", place.file, place.line, place.column)?;
        }
    }
    Ok(())
}
