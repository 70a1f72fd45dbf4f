//! Links in the documents lead to a file, and to a heading in it where they name one.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::{files, none, root, text};

/// The documents at the top of the repository; the rest are in `docs`.
const TOP: [&str; 3] = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];

fn documents() -> Vec<PathBuf> {
    let mut documents = files("docs", "md");
    documents.extend(
        TOP.into_iter()
            .map(PathBuf::from)
            .filter(|path| root().join(path).exists()),
    );
    documents
}

/// The lines of a document outside its blocks of code, with their numbers, code spans blanked.
fn prose(document: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (index, line) in document.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let spans = line.split('`').enumerate().map(|(part, text)| {
                if part % 2 == 1 {
                    " ".repeat(text.len())
                } else {
                    text.to_owned()
                }
            });
            lines.push((index + 1, spans.collect::<Vec<_>>().join("`")));
        }
    }
    lines
}

/// The targets of a line's links, images and definitions.
fn targets(line: &str) -> Vec<&str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let defined = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "))
        .map(|(_, target)| target.trim());
    inline
        .chain(defined)
        .map(|target| target.split(' ').next().unwrap_or_default())
        .collect()
}

/// What GitHub calls the headings of a document.
fn anchors(document: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = Vec::new();
    let mut fenced = false;
    for line in document.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let Some(heading) = line
            .strip_prefix('#')
            .filter(|_| !fenced)
            .map(|rest| rest.trim_start_matches('#').trim())
        else {
            continue;
        };
        let slug: String = heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let count = seen.entry(slug.clone()).or_default();
        anchors.push(if *count == 0 {
            slug
        } else {
            format!("{slug}-{count}")
        });
        *count += 1;
    }
    anchors
}

/// Why a link of the document at `from` leads nowhere.
fn broken(from: &Path, target: &str) -> Option<String> {
    if target.starts_with("https://") || target.starts_with("http://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target
        .split_once('#')
        .map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let to = if path.is_empty() {
        from.to_owned()
    } else {
        join(from.parent().unwrap_or(Path::new("")), path)
    };
    if !root().join(&to).exists() {
        return Some(format!("there is no {}", to.display()));
    }
    let anchor = anchor.filter(|_| to.extension().is_some_and(|extension| extension == "md"))?;
    (!anchors(&text(&to)).iter().any(|known| known == anchor))
        .then(|| format!("{} has no heading #{anchor}", to.display()))
}

/// A path relative to a folder, without `..`; what leads out of the repository is found nowhere.
fn join(folder: &Path, path: &str) -> PathBuf {
    let mut joined = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::ParentDir if joined.pop() => {}
            Component::CurDir => {}
            part => joined.push(part),
        }
    }
    joined
}

#[test]
fn every_link_leads_somewhere() {
    let mut complaints = Vec::new();
    for path in documents() {
        for (line, prose) in prose(&text(&path)) {
            for target in targets(&prose) {
                complaints.extend(
                    broken(&path, target).map(|why| format!("{}:{line}: {target}: {why}", path.display())),
                );
            }
        }
    }
    none("links lead nowhere", &complaints);
}

#[test]
fn every_document_of_docs_is_reached_from_its_start() {
    let mut reached = vec![PathBuf::from("docs/README.md")];
    let mut next = 0;
    while let Some(from) = reached.get(next).cloned() {
        next += 1;
        for (_, prose) in prose(&text(&from)) {
            for target in targets(&prose)
                .into_iter()
                .filter(|target| !target.contains("://"))
            {
                let to = join(
                    from.parent().unwrap_or(Path::new("")),
                    target.split('#').next().unwrap_or_default(),
                );
                if root().join(&to).is_dir() {
                    reached.extend(
                        files(&to.to_string_lossy(), "md")
                            .into_iter()
                            .filter(|page| !reached.contains(page))
                            .collect::<Vec<_>>(),
                    );
                } else if to.extension().is_some_and(|extension| extension == "md")
                    && root().join(&to).exists()
                    && !reached.contains(&to)
                {
                    reached.push(to);
                }
            }
        }
    }
    let lost = files("docs", "md")
        .into_iter()
        .filter(|page| !reached.contains(page))
        .map(|page| page.display().to_string());
    none("nothing leads to these documents", &lost.collect::<Vec<_>>());
}

#[test]
fn links_are_found_and_judged() {
    let found = prose("a [b](c.md#d) and `[no](no.md)`\n```\n[no](no.md)\n```\n[e]: f.md\n");
    assert_eq!(
        found
            .iter()
            .flat_map(|(_, line)| targets(line))
            .collect::<Vec<_>>(),
        ["c.md#d", "f.md"]
    );
    assert_eq!(
        anchors("# One & two\n## `a_b`: c\n```\n# no\n```\n## One & two\n"),
        ["one--two", "a_b-c", "one--two-1"]
    );
    let here = Path::new("docs/README.md");
    assert_eq!(broken(here, "../CONTRIBUTING.md#style"), None);
    assert!(broken(here, "../CONTRIBUTING.md#no-such-heading").is_some());
    assert!(broken(here, "no-such-file.md").is_some());
    assert!(broken(here, "../../elsewhere.md").is_some());
}
