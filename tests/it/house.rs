//! The invariants ARCHITECTURE.md promises, each as a test that can fail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// Longest source file. A longer one has more than one reason to change.
const LONGEST_FILE_LINES: usize = 600;
/// Made by a program and checked by a test of its own, so its length is nobody's burden.
const GENERATED: [&str; 1] = ["ui/src/lib/bindings.ts"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_default_members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    description: Option<String>,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `null` for an ordinary one, else `dev` or `build`.
    kind: Option<String>,
}

impl Package {
    /// Names of what it is built on, tests and build script not counted.
    fn ordinary(&self) -> BTreeSet<&str> {
        let ordinary = self
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.is_none());
        ordinary.map(|dependency| dependency.name.as_str()).collect()
    }

    fn all(&self) -> BTreeSet<&str> {
        self.dependencies
            .iter()
            .map(|dependency| dependency.name.as_str())
            .collect()
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn metadata() -> Result<Metadata> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let ended = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()?;
    ensure!(
        ended.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&ended.stderr)
    );
    Ok(serde_json::from_slice(&ended.stdout)?)
}

impl Metadata {
    fn package(&self, name: &str) -> Result<&Package> {
        let found = self.packages.iter().find(|package| package.name == name);
        found.with_context(|| format!("no crate {name}"))
    }

    /// The rooms a room is built on.
    fn rooms_of(&self, name: &str) -> Result<Vec<&str>> {
        let ours: BTreeSet<&str> = self
            .packages
            .iter()
            .map(|package| package.name.as_str())
            .collect();
        Ok(self
            .package(name)?
            .ordinary()
            .intersection(&ours)
            .copied()
            .collect())
    }

    /// The members that name a dependency for which `is_it` holds, for whatever purpose.
    fn users_of(&self, is_it: impl Fn(&str) -> bool) -> Vec<&str> {
        let uses = |package: &&Package| package.all().iter().any(|name| is_it(name));
        let mut users: Vec<&str> = self
            .packages
            .iter()
            .filter(uses)
            .map(|package| package.name.as_str())
            .collect();
        users.sort_unstable();
        users
    }
}

/// Files of the repository whose names end so, with their text.
fn sources(endings: &[&str]) -> Result<BTreeMap<String, String>> {
    let ended = Command::new("git")
        // Whoever runs the tests as root need not own the clone.
        .args([
            "-c",
            "safe.directory=*",
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output()
        .context("git did not start: these tests read the list of the repository's files")?;
    ensure!(
        ended.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let mut files = BTreeMap::new();
    for name in String::from_utf8(ended.stdout)?.lines() {
        let path = root().join(name);
        if endings.iter().any(|ending| name.ends_with(ending)) && path.is_file() {
            let text = std::fs::read_to_string(&path).with_context(|| format!("{name} is not text"))?;
            files.insert(name.to_owned(), text);
        }
    }
    ensure!(!files.is_empty(), "no files end with {endings:?}");
    Ok(files)
}

/// `file:line: text` of each line for which `is_it` holds.
fn lines_where<'a>(
    files: impl IntoIterator<Item = (&'a String, &'a String)>,
    is_it: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in files {
        for (number, line) in text.lines().enumerate() {
            if is_it(line) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    found
}

fn none(found: Vec<String>, why: &str) {
    assert!(found.is_empty(), "{why}:\n{}", found.join("\n"));
}

#[test]
fn dependencies_point_one_way() -> Result<()> {
    let metadata = metadata()?;
    for (room, built_on) in [
        ("roadstead-model", vec![]),
        ("roadstead-logs", vec![]),
        ("roadstead-collect", vec!["roadstead-model"]),
        ("roadstead-store", vec!["roadstead-model"]),
        ("roadstead-sim", vec!["roadstead-model"]),
        (
            "roadstead-engine",
            vec![
                "roadstead-collect",
                "roadstead-logs",
                "roadstead-model",
                "roadstead-sim",
                "roadstead-store",
            ],
        ),
        ("roadstead", vec!["roadstead-engine"]),
    ] {
        assert_eq!(metadata.rooms_of(room)?, built_on, "{room}");
    }
    Ok(())
}

#[test]
fn the_words_need_nothing_that_does_something() -> Result<()> {
    let metadata = metadata()?;
    let ordinary = metadata.package("roadstead-model")?.ordinary();
    assert_eq!(
        ordinary,
        BTreeSet::from(["serde", "thiserror", "ts-rs"]),
        "no IO, no runtime, no clock"
    );
    let ordinary = metadata.package("roadstead-logs")?.ordinary();
    assert_eq!(
        ordinary,
        BTreeSet::from(["memchr", "thiserror"]),
        "bytes in, events out"
    );
    let files = sources(&[".rs"])?;
    let pure = files.iter().filter(|(name, _)| {
        name.starts_with("crates/roadstead-model/src/") || name.starts_with("crates/roadstead-logs/src/")
    });
    let doing = [
        "async fn",
        "std::fs",
        "std::net",
        "std::env",
        "SystemTime",
        "Instant::now",
        "Utc::now",
    ];
    none(
        lines_where(pure, |line| doing.iter().any(|word| line.contains(word))),
        "values and rules only",
    );
    Ok(())
}

#[test]
fn each_heavy_library_has_its_rooms() -> Result<()> {
    let metadata = metadata()?;
    assert_eq!(
        metadata.users_of(|name| name == "sqlx"),
        ["roadstead-bench", "roadstead-store"],
        "only the store knows SQL; the bench runs other people's"
    );
    assert_eq!(
        metadata.users_of(|name| name == "bollard"),
        ["roadstead-sim"],
        "another client's opinion of our simulated engine, in its tests"
    );
    assert_eq!(
        metadata.users_of(|name| name == "hyper"),
        ["roadstead-collect", "roadstead-sim"]
    );
    assert_eq!(metadata.users_of(|name| name == "rustls"), ["roadstead-collect"]);
    assert_eq!(
        metadata.users_of(|name| name == "tauri" || name.starts_with("tauri-")),
        ["roadstead"],
        "nothing below the desktop face knows it"
    );
    Ok(())
}

#[test]
fn a_bare_cargo_test_needs_no_webkit() -> Result<()> {
    let metadata = metadata()?;
    let face = &metadata.package("roadstead")?.id;
    assert!(!metadata.workspace_default_members.contains(face));
    assert_eq!(
        metadata.workspace_default_members.len(),
        metadata.packages.len() - 1,
        "every other room is in"
    );
    Ok(())
}

#[test]
fn each_room_says_what_it_is_for() -> Result<()> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml"))?;
    let members: Vec<&str> = manifest
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once("\n]"))
        .context("the workspace has no list of members")?
        .0
        .lines()
        .map(str::trim)
        .collect();
    let rooms = metadata()?;
    for package in &rooms.packages {
        let name = &package.name;
        ensure!(
            package.description.as_ref().is_some_and(|text| text.len() > 20),
            "{name} has no description"
        );
        let manifest = std::fs::read_to_string(&package.manifest_path)?;
        ensure!(
            manifest.contains("[lints]\nworkspace = true"),
            "{name} does not keep the house's lints"
        );
        let dir = package
            .manifest_path
            .parent()
            .and_then(Path::file_name)
            .context("no directory")?;
        let dir = dir.to_str().context("not a name")?;
        let at = members
            .iter()
            .position(|line| line.ends_with(&format!("{dir}\",")))
            .with_context(|| format!("{name} is not in the list of members"))?;
        ensure!(
            at > 0 && members[at - 1].starts_with("# "),
            "no line of purpose above {name}"
        );
    }
    for (name, text) in sources(&["src/lib.rs", "src/main.rs", "support/lib.rs"])? {
        ensure!(
            text.starts_with("//! "),
            "{name} does not begin by saying what it is for"
        );
    }
    Ok(())
}

#[test]
fn each_shared_dependency_is_used() -> Result<()> {
    let metadata = metadata()?;
    let manifest = std::fs::read_to_string(root().join("Cargo.toml"))?;
    let shared = manifest
        .split_once("[workspace.dependencies]")
        .and_then(|(_, rest)| rest.split_once("\n["))
        .context("the workspace shares no dependencies")?
        .0;
    let unused: Vec<String> = shared
        .lines()
        .filter_map(|line| Some(line.split_once(" = ")?.0.trim().to_owned()))
        .filter(|name| metadata.users_of(|used| used == name).is_empty())
        .collect();
    none(unused, "shared dependencies nobody uses");
    Ok(())
}

/// Names a file takes from a library: `use lib::{A, b::C}` gives A and C, and the library's own name with `::`.
fn names_from(library: &str, text: &str) -> Vec<String> {
    let mut names = vec![format!("{library}::")];
    for statement in text
        .split("use ")
        .skip(1)
        .filter_map(|rest| rest.split_once(';'))
        .map(|(head, _)| head)
    {
        if let Some(imported) = statement.strip_prefix(&format!("{library}::")) {
            let words = imported.split(|c: char| !c.is_alphanumeric() && c != '_');
            // Types only: a lower-case word is a module or a function, which a signature cannot hold.
            names.extend(
                words
                    .filter(|word| word.starts_with(char::is_uppercase))
                    .map(str::to_owned),
            );
        }
    }
    names
}

/// Each public item's head: from `pub` to the body, or the line of a public field.
fn public_heads(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut heads = Vec::new();
    let mut lines = code.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        if !line.starts_with("pub ") {
            continue;
        }
        let mut head = line.to_owned();
        while line.contains("fn ") && !head.contains('{') && !head.contains(';') {
            let Some(next) = lines.next() else { break };
            head.push(' ');
            head.push_str(next);
        }
        heads.push(head);
    }
    heads
}

fn whole_word(head: &str, name: &str) -> bool {
    let bound = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    head.match_indices(name).any(|(at, _)| {
        bound(head[..at].chars().next_back())
            && (name.ends_with("::") || bound(head[at + name.len()..].chars().next()))
    })
}

#[test]
fn the_check_of_public_signatures_sees_what_it_should() {
    let text = "use sqlx::{Row, sqlite::SqlitePool};\npub fn a(\n    pool: &SqlitePool,\n) -> u8 {\n}\npub fn b(row: u8) {}\npub(crate) fn c(p: SqlitePool) {}\n";
    let names = names_from("sqlx", text);
    let heads = public_heads(text);
    assert_eq!(heads.len(), 2);
    assert!(names.iter().any(|name| whole_word(&heads[0], name)));
    assert!(!names.iter().any(|name| whole_word(&heads[1], name)));
    assert!(whole_word("pub pool: sqlx::SqlitePool,", "sqlx::"));
    assert!(!whole_word("pub fn of(RowId) {", "Row"));
}

#[test]
fn no_type_of_a_heavy_library_is_in_a_public_signature() -> Result<()> {
    let files = sources(&[".rs"])?;
    let mut found = Vec::new();
    for (room, libraries) in [
        ("crates/roadstead-store/src/", ["sqlx", "pco", "roaring"]),
        ("crates/roadstead-collect/src/", ["hyper", "hyper_util", "rustls"]),
    ] {
        for (name, text) in files.iter().filter(|(name, _)| name.starts_with(room)) {
            for library in libraries {
                let names = names_from(library, text);
                for head in public_heads(text) {
                    if names.iter().any(|foreign| whole_word(&head, foreign)) {
                        found.push(format!("{name}: {head}"));
                    }
                }
            }
        }
    }
    none(found, "types that lock every caller to a library");
    Ok(())
}

#[test]
fn only_the_writer_can_change_an_engine() -> Result<()> {
    let files = sources(&[".rs"])?;
    let reading = files.iter().filter(|(name, _)| {
        name.starts_with("crates/roadstead-collect/src/")
            && !name.starts_with("crates/roadstead-collect/src/write/")
    });
    let changing = ["POST", "PUT", "DELETE", "PATCH"];
    let found = lines_where(reading, |line| {
        let code = line.split("//").next().unwrap_or_default();
        let method = code.contains("Method::") && !code.contains("Method::GET");
        method || changing.iter().any(|verb| whole_word(code, verb))
    });
    none(
        found,
        "nothing but GET can be sent to an engine outside of the writing side",
    );
    Ok(())
}

#[test]
fn no_file_is_too_long() -> Result<()> {
    let files = sources(&[".rs", ".ts", ".svelte", ".sql", ".css", ".sh"])?;
    let long: Vec<String> = files
        .iter()
        .filter(|(name, _)| !GENERATED.contains(&name.as_str()))
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE_LINES)
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    none(long, "files with more than one reason to change");
    Ok(())
}

#[test]
fn every_test_runs() -> Result<()> {
    // Spelled apart, so that this line is not what it looks for.
    let (ignored, skips) = (
        ["#[", "ignore"].concat(),
        [".skip(", ".only(", ".todo(", ".skipIf("],
    );
    let rust = sources(&[".rs"])?;
    none(
        lines_where(&rust, |line| line.trim_start().starts_with(&ignored)),
        "tests that do not run",
    );
    let ui = sources(&[".test.ts", ".spec.ts"])?;
    let found = lines_where(&ui, |line| skips.iter().any(|skip| line.contains(skip)));
    none(found, "tests that do not run");
    Ok(())
}

#[test]
fn the_house_speaks_of_no_particular_machine() -> Result<()> {
    let files = sources(&[
        ".rs", ".ts", ".svelte", ".sql", ".md", ".toml", ".json", ".html", ".css", ".yml", "Makefile", "run",
        "setup",
    ])?;
    let places = ["root", "work", "tmp"].map(|name| format!("/{name}/"));
    let found = lines_where(&files, |line| {
        places.iter().any(|place| {
            line.match_indices(place.as_str()).any(|(at, _)| {
                // The directory itself, not the middle of a longer path or address.
                line[..at]
                    .chars()
                    .next_back()
                    .is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '/' | '.' | '}' | '-' | '_'))
            })
        })
    });
    none(found, "paths of one machine");
    Ok(())
}

#[test]
fn each_migration_is_in_their_readme_and_in_order() -> Result<()> {
    let migrations = sources(&[".sql"])?;
    let names: Vec<&str> = migrations
        .keys()
        .filter_map(|name| name.strip_prefix("migrations/"))
        .collect();
    ensure!(!names.is_empty(), "no migrations");
    let readme =
        std::fs::read_to_string(root().join("migrations/README.md")).context("migrations have no README")?;
    for (at, name) in names.iter().enumerate() {
        let number: usize = name
            .split('_')
            .next()
            .unwrap_or_default()
            .parse()
            .with_context(|| (*name).to_owned())?;
        ensure!(number == at + 1, "{name} is out of order");
        ensure!(readme.contains(name), "{name} is not in the README");
    }
    Ok(())
}

#[test]
fn only_one_file_of_the_ui_knows_the_desktop_and_none_trusts_text() -> Result<()> {
    let ui = sources(&[".ts", ".svelte"])?;
    let ui: BTreeMap<_, _> = ui
        .into_iter()
        .filter(|(name, _)| name.starts_with("ui/src/"))
        .collect();
    let knowing: BTreeSet<&str> = ui
        .iter()
        .filter(|(name, text)| !name.ends_with(".test.ts") && text.contains("'@tauri-apps/"))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(knowing, BTreeSet::from(["ui/src/lib/backend/tauri.ts"]));
    none(
        lines_where(&ui, |line| line.contains("{@html")),
        "names and messages come from containers: markup of theirs must stay text",
    );
    Ok(())
}
