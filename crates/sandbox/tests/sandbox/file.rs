//! The state file: it lasts, survives a kill, is locked, and says what is wrong with it.

use std::io::Write;
use std::path::Path;

use trueup_sandbox::{OpenError, Options, Sandbox};

use crate::harness::{Cloud, all};

fn open(path: &Path) -> Cloud {
    Cloud::of(Sandbox::open(path, Options::default()).unwrap())
}

fn journal(path: &Path) -> std::path::PathBuf {
    path.with_file_name(format!("{}.journal", path.file_name().unwrap().to_str().unwrap()))
}

#[tokio::test]
async fn a_new_file_is_made_with_its_folders() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/sandbox.json");
    let cloud = open(&path);
    assert!(path.exists());
    let vpc = cloud.vpc().await;
    cloud.sandbox.close().unwrap();
    drop(cloud);
    assert_eq!(
        std::fs::metadata(journal(&path)).unwrap().len(),
        0,
        "closing empties the journal"
    );
    assert!(all(&open(&path).ok("DescribeVpcs").await, "vpcId").contains(&vpc));
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.json");
    let cloud = open(&path);
    let vpc = cloud.vpc().await;
    let subnet = cloud.subnet(&vpc, "10.0.1.0/24").await;
    let group = cloud.group(&vpc, "a").await;
    let id = cloud
        .instance(&subnet, &format!("&SecurityGroupId.1={group}&ClientToken=t"))
        .await;
    cloud
        .ok(&format!(
            "CreateTags&ResourceId.1={vpc}&Tag.1.Key=a&Tag.1.Value=b"
        ))
        .await;
    let gone = cloud.subnet(&vpc, "10.0.2.0/24").await;
    cloud.ok(&format!("DeleteSubnet&SubnetId={gone}")).await;
    let reads = [
        "DescribeVpcs",
        "DescribeSubnets",
        "DescribeInstances",
        "DescribeSecurityGroups",
        "DescribeTags",
        "DescribeVolumes",
    ];
    let mut before = Vec::new();
    for read in reads {
        before.push(body_of(&cloud.ok(read).await));
    }
    drop(cloud);
    // The process died while it wrote a line; nobody heard of that change.
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(journal(&path))
        .unwrap();
    file.write_all(b"{\"counter\":99999,\"region\":\"us-west-2\",\"chan")
        .unwrap();
    drop(file);
    let cloud = open(&path);
    for (read, before) in reads.into_iter().zip(before) {
        assert_eq!(body_of(&cloud.ok(read).await), before, "{read}");
    }
    assert_eq!(
        cloud
            .instance(&subnet, &format!("&SecurityGroupId.1={group}&ClientToken=t"))
            .await,
        id,
        "tokens last"
    );
    assert_eq!(
        cloud.code(&format!("DeleteSubnet&SubnetId={subnet}")).await,
        "DependencyViolation"
    );
    let next = cloud.subnet(&vpc, "10.0.3.0/24").await;
    assert!(next != subnet && next != gone, "ids are never given twice");
}

/// An answer without its request id.
fn body_of(answer: &str) -> String {
    answer
        .split_once("</requestId>")
        .map(|(_, body)| body.to_owned())
        .unwrap()
}

#[tokio::test]
async fn one_process_holds_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.json");
    let cloud = open(&path);
    let Err(error) = Sandbox::open(&path, Options::default()) else {
        panic!("it was opened twice")
    };
    assert!(matches!(&error, OpenError::Locked { path: named } if *named == path));
    let text = error.to_string();
    assert!(
        text.contains("sandbox.json") && text.contains("trueup sandbox serve"),
        "{text}"
    );
    drop(cloud);
    open(&path);
}

#[test]
fn a_file_of_something_else_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.json");
    for text in [
        "",
        "not json",
        "{\"format\":\"other\",\"version\":1,\"ids\":{\"seed\":0,\"counter\":0},\"regions\":{}}",
    ] {
        std::fs::write(&path, text).unwrap();
        let Err(error) = Sandbox::open(&path, Options::default()) else {
            panic!("{text:?} was taken for a state file")
        };
        assert!(matches!(error, OpenError::Corrupted { .. }), "{error}");
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            text,
            "it is left as it is"
        );
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::write(journal(&path), "{}\n").unwrap();
    let Err(error) = Sandbox::open(&path, Options::default()) else {
        panic!("a broken journal was read")
    };
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    for path in [file.join("sandbox.json"), folder.path().to_owned()] {
        let Err(error) = Sandbox::open(&path, Options::default()) else {
            panic!("{} was opened", path.display())
        };
        assert!(matches!(error, OpenError::Io { .. }), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[tokio::test]
async fn a_file_keeps_its_seed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.json");
    let first = open(&path).vpc().await;
    let other = Cloud::of(
        Sandbox::open(
            &path,
            Options {
                seed: 9,
                ..Options::default()
            },
        )
        .unwrap(),
    );
    assert_ne!(other.vpc().await, first);
}
