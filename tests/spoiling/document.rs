//! An XML document as a flat list of its elements, so that each can be spoiled in turn.

use xmlparser::{ElementEnd, Token, Tokenizer};

/// One element of a document: where it is in the text.
#[derive(Clone, Debug)]
pub struct Element {
    /// The names from the root to here.
    pub path: Vec<String>,
    /// Where its first tag begins.
    pub start: usize,
    /// Where its content begins.
    pub inner: usize,
    /// Where its content ends.
    pub inner_end: usize,
    /// Where its last tag ends.
    pub end: usize,
    /// Whether it has elements in it.
    pub has_children: bool,
}

impl Element {
    /// Its name.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The name of what it is in, past the items of lists.
    pub fn parent(&self) -> &str {
        self.path
            .iter()
            .rev()
            .skip(1)
            .find(|name| *name != "item")
            .map_or("", String::as_str)
    }
}

/// All elements of a document, the root first. What is no document has none.
pub fn elements(text: &str) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for token in Tokenizer::from(text) {
        match token {
            Ok(Token::ElementStart { local, span, .. }) => {
                let mut path = open
                    .last()
                    .map(|&parent| elements[parent].path.clone())
                    .unwrap_or_default();
                path.push(local.as_str().to_owned());
                if let Some(&parent) = open.last() {
                    elements[parent].has_children = true;
                }
                open.push(elements.len());
                elements.push(Element {
                    path,
                    start: span.start(),
                    inner: 0,
                    inner_end: 0,
                    end: 0,
                    has_children: false,
                });
            }
            Ok(Token::ElementEnd { end, span }) => {
                let Some(&last) = open.last() else {
                    return Vec::new();
                };
                let element = &mut elements[last];
                match end {
                    ElementEnd::Open => element.inner = span.end(),
                    ElementEnd::Close(..) => (element.inner_end, element.end) = (span.start(), span.end()),
                    ElementEnd::Empty => {
                        (element.inner, element.inner_end, element.end) =
                            (span.end(), span.end(), span.end());
                    }
                }
                if end != ElementEnd::Open {
                    open.pop();
                }
            }
            Ok(_) => {}
            Err(_) => return Vec::new(),
        }
    }
    if open.is_empty() { elements } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_found_where_it_is() {
        let text = "<?xml version=\"1.0\"?>\n<A x=\"1\"><set><item><id>i-1</id></item></set><none/></A>";
        let elements = elements(text);
        assert_eq!(
            elements.iter().map(Element::name).collect::<Vec<_>>(),
            ["A", "set", "item", "id", "none"]
        );
        let id = &elements[3];
        assert_eq!(
            (&text[id.start..id.end], &text[id.inner..id.inner_end]),
            ("<id>i-1</id>", "i-1")
        );
        assert_eq!(
            (id.parent(), id.has_children, elements[1].has_children),
            ("set", false, true)
        );
        assert_eq!(&text[elements[4].start..elements[4].end], "<none/>");
        assert!(super::elements("<A><b></A>").is_empty() && super::elements("<A>").is_empty());
    }
}
