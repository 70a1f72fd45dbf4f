//! The request: `Filter.1.Value.2=x&…` read into a tree. Every leaf remembers whether it was read, so a
//! parameter that the sandbox does not simulate is refused instead of ignored.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::str::FromStr;

use super::fault::Fault;

/// One parameter, or a structure or list of them.
#[derive(Debug, Default)]
pub struct Node {
    value: Option<String>,
    children: BTreeMap<String, Node>,
    read: Cell<bool>,
}

/// Parameters that belong to the signature or the protocol and to no action.
fn is_protocol(name: &str) -> bool {
    name.starts_with("X-Amz-")
        || matches!(
            name,
            "AWSAccessKeyId"
                | "Signature"
                | "SignatureMethod"
                | "SignatureVersion"
                | "Timestamp"
                | "Expires"
                | "SecurityToken"
        )
}

impl Node {
    /// Reads form-encoded parameters.
    pub fn parse(encoded: &[&[u8]]) -> Result<Self, Fault> {
        let mut root = Self::default();
        for part in encoded {
            for (name, value) in form_urlencoded::parse(part) {
                if is_protocol(&name) {
                    continue;
                }
                let mut node = &mut root;
                for step in name.split('.') {
                    node = node.children.entry(step.to_owned()).or_default();
                }
                if node.value.replace(value.into_owned()).is_some() {
                    return Err(Fault::new(
                        "InvalidParameterValue",
                        format!("The parameter {name} may only be specified once"),
                    ));
                }
            }
        }
        Ok(root)
    }

    /// The text of a parameter, empty included.
    pub fn text(&self, name: &str) -> Option<&str> {
        let child = self.children.get(name)?;
        child.read.set(true);
        child.value.as_deref()
    }

    /// The text of a parameter; an empty one counts as missing.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// The text of a parameter that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Fault> {
        self.filled(name).ok_or_else(|| Fault::missing(name))
    }

    /// A boolean parameter.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.text(name) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(text) => Err(Fault::invalid(text, name, "it must be true or false")),
        }
    }

    /// A numeric parameter.
    pub fn number<N: FromStr>(&self, name: &str) -> Result<Option<N>, Fault> {
        self.text(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Fault::invalid(text, name, "it is not a number of the right size"))
            })
            .transpose()
    }

    /// Reads a parameter that the sandbox simulates in one way alone: absent, or one of `simulated`.
    pub fn only(&self, name: &str, simulated: &[&str]) -> Result<(), Fault> {
        match self.text(name) {
            Some(value) if !simulated.contains(&value) => Err(Fault::new(
                "UnsupportedOperation",
                format!("The sandbox does not simulate the value {value} of the parameter {name}"),
            )),
            _ => Ok(()),
        }
    }

    /// The structure of this name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.get(name)
    }

    /// The `Value` of an attribute structure (`DisableApiTermination.Value=true`).
    pub fn value_of(&self, name: &str) -> Option<&str> {
        self.child(name)?.text("Value")
    }

    /// The boolean `Value` of an attribute structure.
    pub fn flag_of(&self, name: &str) -> Result<Option<bool>, Fault> {
        self.child(name).map_or(Ok(None), |child| child.flag("Value"))
    }

    /// The members of a list, by their numbers. `name.member.N` counts as `name.N`.
    pub fn list(&self, name: &str) -> Vec<&Self> {
        let Some(node) = self.children.get(name) else {
            return Vec::new();
        };
        let mut members: Vec<(u64, &Self)> = node
            .children
            .iter()
            .filter_map(|(key, child)| Some((key.parse().ok()?, child)))
            .collect();
        members.sort_by_key(|(number, _)| *number);
        members.into_iter().map(|(_, child)| child).collect()
    }

    /// The members of a list of texts.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        self.list(name)
            .into_iter()
            .filter_map(|member| {
                member.read.set(true);
                member.value.as_deref()
            })
            .collect()
    }

    /// Whether anything of this name was sent.
    pub fn has(&self, name: &str) -> bool {
        self.children.contains_key(name)
    }

    /// The first parameter that nobody has read, by its full name.
    pub fn unread(&self) -> Option<String> {
        self.children.iter().find_map(|(name, child)| {
            if child.value.is_some() && !child.read.get() {
                return Some(name.clone());
            }
            child.unread().map(|rest| format!("{name}.{rest}"))
        })
    }

    /// One line per parameter, without those of `but`: what a client token stands for.
    pub fn canonical(&self, but: &[&str]) -> String {
        let mut out = String::new();
        for (name, child) in &self.children {
            if !but.contains(&name.as_str()) {
                child.canonical_under(name, &mut out);
            }
        }
        out
    }

    fn canonical_under(&self, prefix: &str, out: &mut String) {
        if let Some(value) = &self.value {
            out.push_str(prefix);
            out.push('=');
            out.push_str(value);
            out.push('\n');
        }
        for (name, child) in &self.children {
            child.canonical_under(&format!("{prefix}.{name}"), out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Node {
        Node::parse(&[text.as_bytes()]).unwrap()
    }

    #[test]
    fn lists_come_in_the_order_of_their_numbers() {
        let node = parse("Id.10=ten&Id.2=two&Id.1=one");
        assert_eq!(node.texts("Id"), ["one", "two", "ten"]);
    }

    #[test]
    fn structures_nest() {
        let node = parse("Filter.1.Name=a&Filter.1.Value.1=x&Filter.1.Value.2=y+z%26");
        let filters = node.list("Filter");
        assert_eq!(filters[0].text("Name"), Some("a"));
        assert_eq!(filters[0].texts("Value"), ["x", "y z&"]);
    }

    #[test]
    fn what_nobody_reads_is_named() {
        let node = parse("A=1&B.1.C=2");
        assert_eq!(node.unread().as_deref(), Some("A"));
        node.text("A");
        assert_eq!(node.unread().as_deref(), Some("B.1.C"));
        node.list("B")[0].text("C");
        assert_eq!(node.unread(), None);
    }

    #[test]
    fn signature_parameters_belong_to_no_action() {
        assert_eq!(parse("X-Amz-Date=1&Signature=2").unread(), None);
    }

    #[test]
    fn typed_values_are_checked() {
        let node = parse("B=maybe&N=x&E=");
        assert_eq!(node.flag("B").unwrap_err().code, "InvalidParameterValue");
        assert_eq!(node.number::<u32>("N").unwrap_err().code, "InvalidParameterValue");
        assert_eq!(node.required("E").unwrap_err().code, "MissingParameter");
        assert_eq!(node.required("Absent").unwrap_err().code, "MissingParameter");
    }

    #[test]
    fn a_parameter_twice_is_refused() {
        assert_eq!(
            Node::parse(&[b"A=1&A=2"]).unwrap_err().code,
            "InvalidParameterValue"
        );
    }
}
