//! Long texts side by side: policies by their meaning, user data line by line.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};
use trueup_model::{Value, policy};

/// Unchanged lines shown around each change.
const CONTEXT: usize = 3;

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// ` `, `-` or `+`; `…` stands for lines that are left out.
    pub sign: char,
    /// The line, without its end.
    pub text: String,
}

/// How `before` differs from `after`, with a little around each change.
pub fn lines(before: &str, after: &str) -> Vec<DiffLine> {
    let diff = TextDiff::from_lines(before, after);
    let mut out = Vec::new();
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        let starts_late = index > 0
            || group
                .first()
                .is_some_and(|op| op.old_range().start > 0 && op.new_range().start > 0);
        if starts_late {
            out.push(DiffLine {
                sign: '…',
                text: String::new(),
            });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let text = change.value().trim_end_matches('\n').replace('\t', "    ");
            out.push(DiffLine { sign, text });
        }
    }
    out
}

/// How many lines of `before` are gone in `after`, and how many are new.
pub fn counts(before: &str, after: &str) -> (usize, usize) {
    let diff = TextDiff::from_lines(before, after);
    let number = |tag| {
        diff.iter_all_changes()
            .filter(|change| change.tag() == tag)
            .count()
    };
    (number(ChangeTag::Delete), number(ChangeTag::Insert))
}

/// Two policies as texts that differ only where their meaning does.
pub fn policies(before: Option<&Value>, after: Option<&Value>) -> (String, String) {
    let json = |value: Option<&Value>| value.and_then(|value| serde_json::to_value(value).ok());
    let (before, after) = (json(before), json(after));
    let spelling = Spelling::of(before.iter().chain(&after));
    let text = |document: &Option<Json>| {
        let Some(document) = document else {
            return String::new();
        };
        let mut canonical = policy::canonical(document);
        spelling.restore(&mut canonical);
        let mut text = serde_json::to_string_pretty(&canonical).unwrap_or_default();
        text.push('\n');
        text
    };
    (text(&before), text(&after))
}

/// How texts that were lowered to be compared were written.
#[derive(Default)]
struct Spelling {
    written: BTreeSet<String>,
    by_lower: BTreeMap<String, String>,
}

impl Spelling {
    fn of<'a>(documents: impl Iterator<Item = &'a Json>) -> Self {
        let mut spelling = Self::default();
        documents.for_each(|document| spelling.learn(document));
        spelling
    }

    fn learn(&mut self, document: &Json) {
        match document {
            Json::String(text) => self.text(text),
            Json::Array(list) => list.iter().for_each(|item| self.learn(item)),
            Json::Object(fields) => fields.iter().for_each(|(name, item)| {
                self.text(name);
                self.learn(item);
            }),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        self.written.insert(text.to_owned());
        self.by_lower.insert(text.to_ascii_lowercase(), text.to_owned());
    }

    /// A text that nobody wrote was lowered. One that somebody wrote stays as it is, so that two texts never
    /// become one.
    fn written(&self, text: &str) -> Option<&String> {
        self.by_lower.get(text).filter(|_| !self.written.contains(text))
    }

    fn restore(&self, document: &mut Json) {
        match document {
            Json::String(text) => {
                if let Some(written) = self.written(text) {
                    text.clone_from(written);
                }
            }
            Json::Array(list) => list.iter_mut().for_each(|item| self.restore(item)),
            Json::Object(fields) => {
                let old = std::mem::take(fields);
                for (name, mut item) in old {
                    self.restore(&mut item);
                    let name = self.written(&name).cloned().unwrap_or(name);
                    fields.insert(name, item);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use trueup_model::json::value;

    #[test]
    fn policies_that_mean_the_same_are_the_same_text() {
        let a = value(
            &json!({"Statement": {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"]}}),
            None,
        )
        .unwrap();
        let b = value(
            &json!({"Statement": [{"Action": ["S3:GetObject", "s3:putobject"], "Effect": "Allow"}]}),
            None,
        )
        .unwrap();
        let (before, after) = policies(Some(&a), Some(&b));
        assert_eq!(before, after);
    }

    #[test]
    fn actions_keep_their_spelling_and_differences_stay() {
        let document = |action: &str, resource: &str| {
            value(
                &json!({"Statement": [{"Action": action, "Resource": resource}]}),
                None,
            )
            .unwrap()
        };
        let (before, after) = policies(
            Some(&document("s3:GetObject", "arn:B")),
            Some(&document("s3:GetObject", "arn:b")),
        );
        assert!(before.contains("s3:GetObject"), "{before}");
        assert_ne!(before, after);
        let (_, alone) = policies(None, Some(&document("s3:GetObject", "arn:b")));
        assert_eq!(alone, after);
    }

    #[test]
    fn unchanged_lines_far_away_are_left_out() {
        let before: String = (0..20).map(|n| format!("{n}\n")).collect();
        let after = before.replace("10\n", "ten\n");
        let shown: Vec<String> = lines(&before, &after)
            .iter()
            .map(|line| format!("{}{}", line.sign, line.text))
            .collect();
        assert_eq!(shown, ["…", " 7", " 8", " 9", "-10", "+ten", " 11", " 12", " 13"]);
        assert!(lines(&before, &before).is_empty());
    }
}
