//! Tags: keys and values as EC2 takes them, none of them ours or AWS's.

use trueup_model::{Diagnostic, Place, Record, Value, tags};

use crate::decode::Decoder;
use crate::node::{Key, Node, Yaml, shown};

/// EC2 takes keys and values as they are, whatever their characters and case ("Tag restrictions" in the EC2
/// user guide). Nothing there takes spaces off their ends, and people have met `Name ` beside `Name` (issue
/// 625 of github.com/open-guides/og-aws): so they are kept, and told.
const KEY_MAX: usize = 128;
const VALUE_MAX: usize = 256;
/// EC2 takes 50, and Trueup needs up to seven: topology, address, run, protection, the mark of what is being
/// replaced, what is read on request, and which tags the spec has written.
const COUNT_MAX: usize = 43;

impl Decoder<'_> {
    /// Tag keys and values as written; null asks for the key to be absent.
    pub fn tags(&mut self, path: &str, map: &[(Key, Node)]) -> Record {
        let mut out = Record::new();
        for (key, node) in map {
            let name = format!("{path}.{}", shown(&key.text));
            let path = format!("{path}.{}", key.text);
            let place = self.problems.place(key.span);
            self.notes.places.insert(path.clone(), place.clone());
            let value = match (node.spelled(), &node.value) {
                (Some(text), _) => Value::text(text),
                (None, Yaml::Null) => Value::Null,
                _ => {
                    self.wrong(&name, &path, node, "text", None);
                    continue;
                }
            };
            match bad_key(&key.text) {
                Some((message, help)) => {
                    self.broken(&path, Diagnostic::error("tag", message).at(place, "").help(help));
                }
                None => {
                    if let Some(message) = spaces(&key.text, value.as_text().unwrap_or_default()) {
                        let help = "take the spaces out, unless they are meant";
                        self.problems.push(
                            Diagnostic::warning("tag-spaces", message)
                                .at(place, "")
                                .help(help),
                        );
                    }
                    if let Some((message, help)) =
                        value.as_text().and_then(|value| bad_value(&key.text, value))
                    {
                        let place = self.problems.place(node.span);
                        self.broken(&path, Diagnostic::error("tag", message).at(place, "").help(help));
                    }
                    out.set(key.text.clone(), value);
                }
            }
        }
        out
    }
}

/// The name that EC2 shows, unless somebody gave another.
pub fn name(topology: &str, name: &str) -> String {
    format!("{topology}-{name}")
}

/// All tags of a resource: the name that EC2 shows unless somebody gave another, over that the head's, and
/// its own over both.
pub fn all(topology: &str, name: &str, tags: [Option<&Value>; 2]) -> Record {
    let mut all = Record::new().with(tags::NAME, self::name(topology, name));
    let tags = tags.into_iter().flatten().filter_map(Value::as_map);
    tags.for_each(|own| all.set_all(own));
    all
}

/// What is wrong with all of a resource's tags together.
pub fn check(whose: &str, all: &Record, place: Place) -> Option<Diagnostic> {
    let count = all.iter().filter(|(_, value)| **value != Value::Null).count();
    if count > COUNT_MAX {
        let message = format!("{whose} has {count} tags; EC2 takes 50, of which Trueup needs 7");
        return Some(
            Diagnostic::error("tag", message)
                .at(place, "")
                .help(format!("remove {}", count - COUNT_MAX)),
        );
    }
    // Of the values only the default name has not been looked at.
    let (message, _) = bad_value(tags::NAME, all.value(tags::NAME)?.as_text()?)?;
    Some(
        Diagnostic::error("tag", message)
            .at(place, "")
            .help("give a shorter tag `Name`, or a shorter name"),
    )
}

fn bad_key(key: &str) -> Option<(String, String)> {
    if key.to_lowercase().starts_with("aws:") {
        return Some((
            format!("the tag key `{}` starts with `aws:`, which is AWS's", shown(key)),
            "choose another key".into(),
        ));
    }
    if key.starts_with(tags::PREFIX) {
        let help = if key == tags::PROTECT {
            "write `protect: true` on the resource"
        } else {
            "choose another key"
        };
        return Some((
            format!(
                "the tag key `{}` starts with `{}`, which is Trueup's",
                shown(key),
                tags::PREFIX
            ),
            help.into(),
        ));
    }
    match key.chars().count() {
        0 => Some(("a tag key is empty".into(), "give it a name".into())),
        length if length > KEY_MAX => Some((
            format!("the tag key `{}` has {length} characters", shown(key)),
            format!("EC2 takes {KEY_MAX}: shorten it"),
        )),
        _ => None,
    }
}

/// What is to be said of spaces at the ends of a key or a value.
fn spaces(key: &str, value: &str) -> Option<String> {
    let padded = |text: &str| text.trim() != text;
    let what = if padded(key) {
        "the tag key `{}` has spaces at its ends"
    } else if padded(value) {
        "the value of the tag `{}` has spaces at its ends"
    } else {
        return None;
    };
    Some(format!(
        "{}: EC2 keeps them, and it is another text than the one without",
        what.replace("{}", &shown(key))
    ))
}

fn bad_value(key: &str, value: &str) -> Option<(String, String)> {
    let length = value.chars().count();
    (length > VALUE_MAX).then(|| {
        (
            format!("the value of the tag `{}` has {length} characters", shown(key)),
            format!("EC2 takes {VALUE_MAX}: shorten it"),
        )
    })
}
