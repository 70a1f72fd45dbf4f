//! Endpoint policies: what they leave of the service that the network reaches.
//!
//! Only what is known from the policy itself is reported: who may do what to which resource. Conditions and
//! named principals depend on who asks, so they are reported and not decided. Identity and bucket policies
//! are outside the network.

use serde::Serialize;
use serde_json::Value as Json;

/// What a policy leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Everything that was asked about.
    Full,
    /// Only this: actions and resources, in words.
    Restricted(Vec<String>),
    /// Nothing.
    None,
    /// It depends on these: condition keys and principals.
    Conditional(Vec<String>),
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full => f.write_str("full access"),
            Self::Restricted(what) => write!(f, "only {}", what.join("; ")),
            Self::None => f.write_str("no access"),
            Self::Conditional(keys) => write!(f, "depends on {}", keys.join(", ")),
        }
    }
}

/// What a policy leaves of an action on a resource; `*` asks about all of them. No policy is EC2's default,
/// full access.
pub fn access(policy: Option<&Json>, action: &str, resource: &str) -> Access {
    let Some(policy) = policy else { return Access::Full };
    let statements = listed(policy.get("Statement"));
    let asked = (action.to_ascii_lowercase(), resource.to_owned());
    let (mut whole, mut parts, mut conditions) = (false, Vec::new(), Vec::new());
    let mut denied = Vec::new();
    for statement in &statements {
        let (covers, touches) = (
            covers(statement, &asked.0, &asked.1),
            touches(statement, &asked.0, &asked.1),
        );
        if !touches {
            continue;
        }
        let own = conditions_of(statement);
        match (
            statement.get("Effect").and_then(Json::as_str),
            own.is_empty(),
            covers,
        ) {
            (Some("Deny"), true, true) => return Access::None,
            (Some("Deny"), true, false) => denied.push(format!("not {}", words(statement))),
            (Some("Allow"), true, true) => whole = true,
            (Some("Allow"), true, false) => parts.push(words(statement)),
            _ => conditions.extend(own),
        }
    }
    conditions.sort();
    conditions.dedup();
    match (whole, denied.is_empty()) {
        // A condition can only add to what is allowed in full, unless it denies.
        (true, true) if !denies_on_condition(&statements, &asked) => Access::Full,
        (true, false) => Access::Restricted(denied),
        (true, true) => Access::Conditional(conditions),
        (false, _) if !conditions.is_empty() => Access::Conditional(conditions),
        (false, _) if parts.is_empty() => Access::None,
        (false, _) => Access::Restricted(parts.into_iter().chain(denied).collect()),
    }
}

fn denies_on_condition(statements: &[Json], asked: &(String, String)) -> bool {
    statements.iter().any(|statement| {
        statement.get("Effect").and_then(Json::as_str) == Some("Deny")
            && touches(statement, &asked.0, &asked.1)
            && !conditions_of(statement).is_empty()
    })
}

fn listed(value: Option<&Json>) -> Vec<Json> {
    match value {
        Some(Json::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

fn texts(statement: &Json, field: &str) -> Option<Vec<String>> {
    let value = statement.get(field)?;
    Some(
        listed(Some(value))
            .iter()
            .filter_map(Json::as_str)
            .map(str::to_owned)
            .collect(),
    )
}

/// What a statement depends on: the keys of its conditions, and principals other than everyone.
fn conditions_of(statement: &Json) -> Vec<String> {
    let operators = statement.get("Condition").and_then(Json::as_object);
    let mut keys: Vec<String> = operators
        .into_iter()
        .flat_map(|operators| operators.values())
        .filter_map(Json::as_object)
        .flat_map(|keys| keys.keys().cloned())
        .collect();
    let everyone = match statement.get("Principal") {
        Some(Json::String(text)) => text == "*",
        Some(Json::Object(forms)) => forms
            .get("AWS")
            .is_some_and(|ids| listed(Some(ids)).iter().any(|id| id == "*")),
        // An endpoint's policy names a principal; without one nobody in particular is meant.
        None => !statement
            .as_object()
            .is_some_and(|fields| fields.contains_key("NotPrincipal")),
        Some(_) => false,
    };
    if !everyone {
        keys.push("principal".to_owned());
    }
    keys
}

/// Whether a statement is about all that was asked.
fn covers(statement: &Json, action: &str, resource: &str) -> bool {
    let all = |field: &str, not: &str, asked: &str, fold: bool| {
        let spell = |text: &String| {
            if fold {
                text.to_ascii_lowercase()
            } else {
                text.clone()
            }
        };
        match (texts(statement, field), texts(statement, not)) {
            (Some(patterns), _) => patterns.iter().any(|pattern| glob_covers(&spell(pattern), asked)),
            (None, Some(patterns)) => !patterns.iter().any(|pattern| globs_meet(&spell(pattern), asked)),
            (None, None) => field == "Resource",
        }
    };
    all("Action", "NotAction", action, true) && all("Resource", "NotResource", resource, false)
}

/// Whether a statement is about anything that was asked.
fn touches(statement: &Json, action: &str, resource: &str) -> bool {
    let any = |field: &str, not: &str, asked: &str, fold: bool| {
        let spell = |text: &String| {
            if fold {
                text.to_ascii_lowercase()
            } else {
                text.clone()
            }
        };
        match (texts(statement, field), texts(statement, not)) {
            (Some(patterns), _) => patterns.iter().any(|pattern| globs_meet(&spell(pattern), asked)),
            (None, Some(patterns)) => !patterns.iter().any(|pattern| glob_covers(&spell(pattern), asked)),
            (None, None) => field == "Resource",
        }
    };
    any("Action", "NotAction", action, true) && any("Resource", "NotResource", resource, false)
}

/// Whether a pattern matches all that another matches: an asterisk is matched by an asterisk only.
fn glob_covers(pattern: &str, asked: &str) -> bool {
    // The beginnings of the asked pattern, by their last sign, that each beginning of the pattern matches.
    let ends = || std::iter::once(None).chain(asked.chars().map(Some));
    let mut row: Vec<bool> = ends().map(|end| end.is_none()).collect();
    for sign in pattern.chars() {
        let (mut next, mut shorter, mut longer) = (Vec::with_capacity(row.len()), false, false);
        for (end, matched) in ends().zip(row) {
            let matches = match (sign, end) {
                ('*', _) => matched || longer,
                ('?', Some(end)) => shorter && end != '*',
                (sign, Some(end)) => shorter && end == sign,
                (_, None) => false,
            };
            next.push(matches);
            (shorter, longer) = (matched, matches);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Whether two patterns match a text in common.
fn globs_meet(a: &str, b: &str) -> bool {
    // From the ends of both to their beginnings: whether what is left of the one meets what is left of the
    // other.
    let ends = |text: &'_ str| -> Vec<Option<char>> {
        std::iter::once(None)
            .chain(text.chars().rev().map(Some))
            .collect()
    };
    let (a, b) = (ends(a), ends(b));
    let mut row = vec![false; b.len()];
    for left in a {
        let (mut next, mut both, mut other) = (Vec::with_capacity(row.len()), false, false);
        for (right, own) in b.iter().zip(row) {
            // `own` meets without the left sign, `other` without the right one, `both` without either.
            let meets = match (left, *right) {
                (None, None) => true,
                (Some('*'), None) => own,
                (None, Some('*')) => other,
                (Some('*'), Some(_)) | (Some(_), Some('*')) => own || other,
                (Some(p), Some(q)) => (p == q || p == '?' || q == '?') && both,
                (Some(_), None) | (None, Some(_)) => false,
            };
            next.push(meets);
            (both, other) = (own, meets);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// A statement in words: `s3:GetObject on arn:aws:s3:::bucket/*`.
fn words(statement: &Json) -> String {
    let side = |field: &str, not: &str| match (texts(statement, field), texts(statement, not)) {
        (Some(texts), _) => texts.join(", "),
        (None, Some(texts)) => format!("all but {}", texts.join(", ")),
        (None, None) => "*".to_owned(),
    };
    format!(
        "{} on {}",
        side("Action", "NotAction"),
        side("Resource", "NotResource")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn policy(statements: &Json) -> Json {
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    #[test]
    fn one_bucket_breaks_listing_all_of_them() {
        let one = policy(
            &json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}]),
        );
        assert_eq!(
            access(Some(&one), "s3:ListAllMyBuckets", "*"),
            Access::Restricted(vec!["s3:* on arn:aws:s3:::b, arn:aws:s3:::b/*".into()])
        );
        assert_eq!(
            access(Some(&one), "s3:ListBucket", "arn:aws:s3:::b"),
            Access::Full
        );
        assert_eq!(
            access(Some(&one), "s3:GetObject", "arn:aws:s3:::b/*"),
            Access::Full
        );
        assert_eq!(
            access(Some(&one), "s3:GetObject", "arn:aws:s3:::c/*"),
            Access::None
        );
        assert_eq!(access(Some(&one), "dynamodb:GetItem", "*"), Access::None);
        assert_eq!(access(None, "*", "*"), Access::Full);
    }

    #[test]
    fn conditions_and_principals_are_reported() {
        let who = policy(
            &json!({"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "*", "Resource": "*"}),
        );
        assert_eq!(
            access(Some(&who), "*", "*"),
            Access::Conditional(vec!["principal".into()])
        );
        let deny = policy(&json!([
            {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}]));
        assert_eq!(
            access(Some(&deny), "*", "*"),
            Access::Conditional(vec!["aws:PrincipalOrgID".into()])
        );
    }

    #[test]
    fn denials_win_and_negations_hold() {
        let deny = policy(&json!([
            {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Principal": "*", "Action": "s3:Delete*", "Resource": "*"}]));
        assert_eq!(access(Some(&deny), "s3:DeleteObject", "*"), Access::None);
        assert_eq!(access(Some(&deny), "s3:GetObject", "*"), Access::Full);
        assert_eq!(
            access(Some(&deny), "*", "*"),
            Access::Restricted(vec!["not s3:Delete* on *".into()])
        );
        let but = policy(
            &json!([{"Effect": "Allow", "Principal": "*", "NotAction": "s3:Delete*", "Resource": "*"}]),
        );
        assert_eq!(access(Some(&but), "s3:GetObject", "*"), Access::Full);
        assert_eq!(access(Some(&but), "s3:DeleteObject", "*"), Access::None);
    }

    #[test]
    fn globs_are_compared_as_sets() {
        for (pattern, asked, covers, meet) in [
            ("s3:*", "s3:Get*", true, true),
            ("s3:Get*", "s3:*", false, true),
            ("s3:?et", "s3:Get", true, true),
            ("a*b", "*c", false, false),
            ("a*c", "*bc", false, true),
            ("*", "", true, true),
            ("s3:Put*", "s3:Get*", false, false),
        ] {
            assert_eq!(
                (glob_covers(pattern, asked), globs_meet(pattern, asked)),
                (covers, meet),
                "{pattern} {asked}"
            );
        }
    }
}
