//! IAM policy documents compared by meaning: order, scalar or list, and the forms of a principal do not
//! matter.

use serde_json::{Map, Value as Json};

/// The canonical form of a policy document; two documents with one canonical form mean the same.
///
/// Follows the grammar of the IAM JSON policy language: one statement may stand for a list, actions ignore
/// case, an account id is its root's ARN, `"*"` as principal is `{"AWS": "*"}`, an empty `Sid` is none,
/// condition values are texts.
pub fn canonical(document: &Json) -> Json {
    let Json::Object(fields) = document else {
        return document.clone();
    };
    let mut out = Map::new();
    for (name, value) in fields {
        match name.as_str() {
            "Statement" => {
                let mut statements: Vec<Json> = listed(value).iter().map(statement).collect();
                statements.sort_by_cached_key(Json::to_string);
                statements.dedup();
                out.insert(name.clone(), Json::Array(statements));
            }
            "Id" if value == "" => {}
            _ => {
                out.insert(name.clone(), value.clone());
            }
        }
    }
    Json::Object(out)
}

/// Why EC2 refuses a document as the policy of an endpoint; nothing where it takes it. A policy of a resource
/// names principals.
pub fn refusal(document: &Json) -> Option<String> {
    let statements = document.get("Statement").map(listed).unwrap_or_default();
    if statements.is_empty() {
        return Some("a policy has at least one `Statement`".to_owned());
    }
    statements.iter().enumerate().find_map(|(index, statement)| {
        let lacks = |names: [&str; 2]| names.iter().all(|name| statement.get(name).is_none());
        if !matches!(
            statement.get("Effect").and_then(Json::as_str),
            Some("Allow" | "Deny")
        ) {
            return Some(format!("Statement[{index}] needs an `Effect`: Allow or Deny"));
        }
        let needed = [
            ["Principal", "NotPrincipal"],
            ["Action", "NotAction"],
            ["Resource", "NotResource"],
        ];
        needed
            .into_iter()
            .find(|names| lacks(*names))
            .map(|[name, _]| format!("Statement[{index}] needs a `{name}`"))
    })
}

/// Whether a document is the one that EC2 gives an endpoint by default: everyone may do everything.
pub fn is_full_access(document: &Json) -> bool {
    let canonical = canonical(document);
    let Some([only]) = canonical
        .get("Statement")
        .and_then(Json::as_array)
        .map(Vec::as_slice)
    else {
        return false;
    };
    let all = serde_json::json!(["*"]);
    let everyone = serde_json::json!({"AWS": ["*"]});
    only.as_object().is_some_and(|fields| {
        fields.keys().all(|key| {
            matches!(
                key.as_str(),
                "Effect" | "Principal" | "Action" | "Resource" | "Sid"
            )
        }) && fields.get("Effect").is_some_and(|effect| effect == "Allow")
            && fields.get("Principal") == Some(&everyone)
            && fields.get("Action") == Some(&all)
            && fields.get("Resource") == Some(&all)
    })
}

fn statement(statement: &Json) -> Json {
    let Json::Object(fields) = statement else {
        return statement.clone();
    };
    let mut out = Map::new();
    for (name, value) in fields {
        let canonical = match name.as_str() {
            "Sid" if value == "" => continue,
            "Action" | "NotAction" => texts(value, str::to_ascii_lowercase),
            "Resource" | "NotResource" => texts(value, str::to_owned),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => condition(value),
            _ => value.clone(),
        };
        out.insert(name.clone(), canonical);
    }
    Json::Object(out)
}

fn principal(value: &Json) -> Json {
    match value {
        Json::Object(forms) => Json::Object(
            forms
                .iter()
                .map(|(form, ids)| (form.clone(), texts(ids, principal_id)))
                .collect(),
        ),
        other => serde_json::json!({"AWS": texts(other, principal_id)}),
    }
}

/// An account by its number and the account's root by its ARN are the same principal.
fn principal_id(text: &str) -> String {
    if text.len() == 12 && text.chars().all(|c| c.is_ascii_digit()) {
        format!("arn:aws:iam::{text}:root")
    } else {
        text.to_owned()
    }
}

/// Operators and keys ignore case; values are sets of texts.
fn condition(value: &Json) -> Json {
    let Json::Object(operators) = value else {
        return value.clone();
    };
    let keys = |keys: &Json| match keys {
        Json::Object(keys) => Json::Object(
            keys.iter()
                .map(|(key, values)| (key.to_ascii_lowercase(), texts(values, str::to_owned)))
                .collect(),
        ),
        other => other.clone(),
    };
    Json::Object(
        operators
            .iter()
            .map(|(operator, value)| (operator.to_ascii_lowercase(), keys(value)))
            .collect(),
    )
}

/// A value or a list of them as a sorted list of distinct texts.
fn texts(value: &Json, spell: impl Fn(&str) -> String) -> Json {
    let mut texts: Vec<String> = listed(value)
        .iter()
        .map(|value| match value {
            Json::String(text) => spell(text),
            other => spell(&other.to_string()),
        })
        .collect();
    texts.sort();
    texts.dedup();
    Json::Array(texts.into_iter().map(Json::String).collect())
}

fn listed(value: &Json) -> Vec<Json> {
    match value {
        Json::Array(list) => list.clone(),
        other => vec![other.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn spelling_does_not_matter() {
        let terse = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": "123456789012", "Action": "s3:GetObject", "Resource": ["b", "a"],
            "Condition": {"Bool": {"aws:SecureTransport": true}}}});
        let verbose = json!({"Statement": [{
            "Sid": "", "Resource": ["a", "b", "a"], "Action": ["S3:getobject"], "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::123456789012:root"]},
            "Condition": {"bool": {"AWS:securetransport": ["true"]}}}], "Version": "2012-10-17"});
        assert_eq!(canonical(&terse), canonical(&verbose));
    }

    #[test]
    fn meaning_matters() {
        let base =
            json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]});
        for (field, value) in [
            ("Effect", json!("Deny")),
            ("Action", json!("s3:Get*")),
            ("Resource", json!("x")),
            ("Principal", json!({"AWS": "1"})),
        ] {
            let mut other = base.clone();
            other["Statement"][0][field] = value;
            assert_ne!(canonical(&base), canonical(&other), "{field}");
        }
        assert!(!is_full_access(&base));
    }

    #[test]
    fn the_default_is_recognised() {
        let default = json!({"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]});
        assert!(is_full_access(&default));
    }
}
