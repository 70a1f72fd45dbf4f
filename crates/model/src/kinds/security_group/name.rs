//! Names and descriptions of groups: what EC2 takes, and the mark by which the successor of a replaced group
//! is reported from it.

use crate::net::{Complaint, Format, without_edges};

/// The pattern of a text of these characters, with so many between the first and the last one.
macro_rules! group_text {
    ($between:literal) => {
        concat!(
            r"^[A-Za-z0-9._\-:/()#,@\[\]+=&;{}!$*]([A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]",
            $between,
            r"[A-Za-z0-9._\-:/()#,@\[\]+=&;{}!$*])?$"
        )
    };
}

/// The description of a group or of a rule.
pub static DESCRIPTION: Format = Format {
    what: "a description of at most 255 characters that EC2 allows",
    pattern: group_text!("{0,253}"),
    number: false,
    read: |text| group_text(text, "description"),
};

/// EC2's 255, less the mark of a successor.
const GROUP_NAME_MAX: usize = 250;

/// The name of a group.
pub static GROUP_NAME: Format = Format {
    what: "a group name of at most 250 characters that EC2 allows",
    pattern: group_text!("{0,248}"),
    number: false,
    read: |text| {
        if text.to_ascii_lowercase().starts_with("sg-") {
            return Err(Complaint::new("EC2 refuses group names that start with `sg-`"));
        }
        if text.eq_ignore_ascii_case("default") {
            return Err(Complaint::new(
                "`default` is the name of the group that EC2 makes with every VPC",
            ));
        }
        if fold_name(text) != text {
            return Err(Complaint::new(
                "a name that ends in `#` and four hex digits is kept for the successor of a replaced group",
            ));
        }
        if text.len() > GROUP_NAME_MAX {
            return Err(Complaint::new(format!(
                "a group name has at most {GROUP_NAME_MAX} characters, so that a successor's mark fits \
                 behind it, and this has {}",
                text.len()
            )));
        }
        group_text(text, "group name")
    },
};

/// Text in the characters that EC2 allows in group names and descriptions.
fn group_text(text: &str, what: &str) -> Result<String, Complaint> {
    const ALSO: &str = " ._-:/()#,@[]+=&;{}!$*";
    let length = text.chars().count();
    if length == 0 || length > 255 {
        return Err(Complaint::new(format!(
            "a {what} has 1 to 255 characters, and this has {length}"
        )));
    }
    match text
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !ALSO.contains(*c))
    {
        Some(bad) => Err(Complaint::new(format!(
            "EC2 does not allow `{bad}` in a {what}: letters, digits, spaces and {}",
            ALSO.trim()
        ))),
        None => without_edges(text, what).map(|()| text.to_owned()),
    }
}

/// What a successor's name carries behind the `#`: four hex digits that depend on whose successor it is.
pub fn successor_mark(id: &str) -> String {
    let hash = crate::hash::of(id);
    format!("{:04x}", (hash >> 16) ^ (hash & 0xffff))
}

/// The name as a spec gives it: a successor's mark folded back.
pub fn fold_name(name: &str) -> &str {
    match name.rsplit_once('#') {
        Some((folded, mark))
            if mark.len() == 4 && mark.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) =>
        {
            folded
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_ec2_refuses_are_refused() {
        assert!((GROUP_NAME.read)("sg-web").is_err());
        assert!((GROUP_NAME.read)("Default").is_err());
        assert!((GROUP_NAME.read)("web|db").is_err());
        assert!((GROUP_NAME.read)(&"x".repeat(251)).is_err());
        assert!((GROUP_NAME.read)("web#0a1f").is_err());
        assert_eq!((GROUP_NAME.read)("Web & DB (prod)").unwrap(), "Web & DB (prod)");
    }

    #[test]
    fn descriptions_are_taken_as_ec2_keeps_them_or_refused() {
        for fine in ["Web", "a", "x=1; {y}!", &"x".repeat(255)] {
            assert_eq!((DESCRIPTION.read)(fine).unwrap(), fine);
        }
        for (refused, instead) in [
            ("", None),
            ("Büro", None),
            ("a\nb", None),
            ("a|b", None),
            ("it's", None),
            (" ", None),
            ("Web ", Some("Web")),
            (" Web", Some("Web")),
        ] {
            assert_eq!(
                (DESCRIPTION.read)(refused).unwrap_err().instead.as_deref(),
                instead,
                "{refused:?}"
            );
        }
        assert!((DESCRIPTION.read)(&"x".repeat(256)).is_err());
        // EC2 takes the spaces off the end of a name, and every plan would find another one.
        assert_eq!(
            (GROUP_NAME.read)("web ").unwrap_err().instead.as_deref(),
            Some("web")
        );
    }

    #[test]
    fn a_successors_name_folds_back() {
        let name = format!("web#{}", successor_mark("sg-0123456789abcdef0"));
        assert_eq!(fold_name(&name), "web");
        assert_eq!(fold_name("web#prod"), "web#prod");
        assert_eq!(fold_name("web"), "web");
    }
}
