//! EC2's filters: the values of one are alternatives, several must all hold, `*` and `?` are wildcards that a
//! backslash escapes. Tag filters work alike for every kind.

use super::{Fault, Node};
use crate::state::Region;
use crate::state::table::Row;

/// EC2 takes at most this many filter values in one request.
const VALUES_LIMIT: usize = 200;

/// One object as filters and writers see it.
pub struct Seen<'a, T> {
    /// Its id.
    pub id: &'a str,
    /// Its row.
    pub row: &'a T,
    /// Where it lives.
    pub region: &'a Region,
}

/// Calls back with each value that an object has for a filter.
pub type Values<T> = fn(&Seen<'_, T>, &mut dyn FnMut(&str));

/// A filter that a kind offers: its name and the values that an object has for it.
pub struct Field<T> {
    /// The name in the request.
    pub name: &'static str,
    /// Calls back with each value of the object.
    pub values: Values<T>,
}

/// Declares the filters of a kind: `fields![Vpc: "state" => |seen, add| add(&seen.row.state), …]`.
macro_rules! fields {
    ($kind:ty: $($name:literal => $values:expr),* $(,)?) => {
        &[$($crate::wire::filter::Field::<$kind> { name: $name, values: $values }),*]
    };
}
pub(crate) use fields;

/// The filters of one request.
pub struct Filters<'p> {
    filters: Vec<(&'p str, Vec<Pattern>)>,
}

impl<'p> Filters<'p> {
    /// Reads `Filter.N.Name` and `Filter.N.Value.M`.
    pub fn read(params: &'p Node) -> Result<Self, Fault> {
        let mut filters = Vec::new();
        let mut count = 0;
        for filter in params.list("Filter") {
            let name = filter.required("Name")?;
            let values: Vec<Pattern> = filter.texts("Value").into_iter().map(Pattern::new).collect();
            if values.is_empty() {
                return Err(Fault::new(
                    "InvalidParameterValue",
                    format!("The filter '{name}' must have at least one value"),
                ));
            }
            count += values.len();
            filters.push((name, values));
        }
        if count > VALUES_LIMIT {
            return Err(Fault::new(
                "FilterLimitExceeded",
                format!("The maximum number of filter values specified on a single call is {VALUES_LIMIT}"),
            ));
        }
        Ok(Self { filters })
    }

    /// The values without wildcards that a filter asks for.
    pub fn plain(&self, name: &str) -> Vec<String> {
        let values = self
            .filters
            .iter()
            .filter(|(filter, _)| *filter == name)
            .flat_map(|(_, patterns)| patterns);
        let plain = values.filter_map(|pattern| {
            if let Pattern::Exact(text) = pattern {
                Some(text.clone())
            } else {
                None
            }
        });
        plain.collect()
    }

    /// Checks the names against what the kind offers.
    pub fn bind<T: 'static>(self, fields: &'static [Field<T>]) -> Result<Bound<T>, Fault> {
        self.bind_with(fields, &[])
    }

    /// Like [`bind`](Self::bind), with names that nothing passes.
    pub fn bind_with<T: 'static>(
        self,
        fields: &'static [Field<T>],
        never: &[&str],
    ) -> Result<Bound<T>, Fault> {
        let mut tests = Vec::new();
        for (name, patterns) in self.filters {
            let subject = match name {
                "tag-key" => Subject::TagKey,
                "tag-value" => Subject::TagValue,
                _ => match (
                    name.strip_prefix("tag:"),
                    fields.iter().find(|field| field.name == name),
                ) {
                    (Some(key), _) => Subject::Tag(key.to_owned()),
                    (None, Some(field)) => Subject::Field(field),
                    (None, None) if never.contains(&name) => Subject::Never,
                    (None, None) => {
                        return Err(Fault::new(
                            "InvalidParameterValue",
                            format!("The filter '{name}' is invalid"),
                        ));
                    }
                },
            };
            tests.push((subject, patterns));
        }
        Ok(Bound { tests })
    }
}

enum Subject<T: 'static> {
    Field(&'static Field<T>),
    Tag(String),
    TagKey,
    TagValue,
    Never,
}

/// Filters that fit a kind.
pub struct Bound<T: 'static> {
    tests: Vec<(Subject<T>, Vec<Pattern>)>,
}

impl<T: Row> Bound<T> {
    /// Whether the object passes all of them.
    pub fn holds(&self, seen: &Seen<'_, T>) -> bool {
        self.tests.iter().all(|(subject, patterns)| {
            let any = |text: &str| patterns.iter().any(|pattern| pattern.matches(text));
            let tags = || {
                seen.region
                    .tags_of(seen.id)
                    .filter(|_| seen.region.finds_by_tag(seen.id))
            };
            match subject {
                Subject::Field(field) => {
                    let mut found = false;
                    (field.values)(seen, &mut |value| found = found || any(value));
                    found
                }
                Subject::Tag(key) => tags()
                    .and_then(|tags| tags.get(key))
                    .is_some_and(|value| any(value)),
                Subject::Never => false,
                Subject::TagKey => tags().is_some_and(|tags| tags.keys().any(|key| any(key))),
                Subject::TagValue => tags().is_some_and(|tags| tags.values().any(|value| any(value))),
            }
        })
    }
}

/// One filter value.
#[derive(Debug, PartialEq, Eq)]
enum Pattern {
    Exact(String),
    Wild(Vec<Piece>),
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Piece {
    Char(char),
    One,
    Many,
}

impl Pattern {
    fn new(text: &str) -> Self {
        if !text.contains(['*', '?', '\\']) {
            return Self::Exact(text.to_owned());
        }
        let mut pieces = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            pieces.push(match c {
                '*' => Piece::Many,
                '?' => Piece::One,
                // A backslash at the end stands for itself.
                '\\' => Piece::Char(chars.next().unwrap_or('\\')),
                c => Piece::Char(c),
            });
        }
        Self::Wild(pieces)
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Wild(pieces) => wild(pieces, &text.chars().collect::<Vec<_>>()),
        }
    }
}

/// Matches in linear memory and at most quadratic time: the last `*` alone is ever tried again.
fn wild(pieces: &[Piece], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pieces.get(p) {
            Some(Piece::Many) => {
                retry = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some(Piece::One) => {
                p += 1;
                t += 1;
                continue;
            }
            Some(Piece::Char(c)) if *c == text[t] => {
                p += 1;
                t += 1;
                continue;
            }
            _ => {}
        }
        let Some((after, from)) = retry else { return false };
        retry = Some((after, from + 1));
        p = after;
        t = from + 1;
    }
    pieces[p..].iter().all(|piece| *piece == Piece::Many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_and_escapes() {
        for (pattern, text, expected) in [
            ("abc", "abc", true),
            ("abc", "ABC", false),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXbYY", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("?", "", false),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
            (r"\?", "?", true),
            (r"\\", r"\", true),
            (r"end\", r"end\", true),
            ("*ab", "aab", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(text),
                expected,
                "{pattern} on {text}"
            );
        }
    }

    fn read(query: &str) -> Result<usize, Fault> {
        let node = Node::parse(&[query.as_bytes()])?;
        Filters::read(&node).map(|filters| filters.filters.len())
    }

    #[test]
    fn filters_are_read_and_limited() {
        assert_eq!(
            read("Filter.1.Name=a&Filter.1.Value.1=x&Filter.2.Name=b&Filter.2.Value.1=y"),
            Ok(2)
        );
        assert_eq!(read("Filter.1.Value.1=x").unwrap_err().code, "MissingParameter");
        assert_eq!(read("Filter.1.Name=x").unwrap_err().code, "InvalidParameterValue");
        let many: Vec<String> = (1..=201).map(|n| format!("Filter.1.Value.{n}=x")).collect();
        assert_eq!(
            read(&format!("Filter.1.Name=a&{}", many.join("&")))
                .unwrap_err()
                .code,
            "FilterLimitExceeded"
        );
    }
}
