//! `docs/prechecks.md` lists every check with its worth and the tests that show it, as the code has them.
//! `INSTA_UPDATE=always` writes the table anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use fs_err as fs;
use upgrade::{
    event::{Consequence, Level},
    precheck::{self, Check, From, Holds},
};

const PAGE: &str = "docs/prechecks.md";
const BEGIN: &str = "<!-- made from the code: tests/report/prechecks.rs -->\n";

#[test]
#[expect(clippy::disallowed_methods, reason = "as snapshots are renewed")]
fn the_page_lists_every_check_with_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join(PAGE)).unwrap();
    let (before, told) = page.split_once(BEGIN).expect("the page says where the table begins");
    let made = tables(&proofs(root));
    if told != made && std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        fs::write(root.join(PAGE), format!("{before}{BEGIN}{made}")).unwrap();
    } else {
        assert!(told == made, "{PAGE} is not what the code has; `INSTA_UPDATE=always` writes this:\n{made}");
    }
}

#[test]
fn every_check_is_shown_by_a_test() {
    let proofs = proofs(Path::new(env!("CARGO_MANIFEST_DIR")));
    let without: Vec<&str> = precheck::all().map(|check| check.id).filter(|id| !proofs.contains_key(*id)).collect();
    assert!(without.is_empty(), "no test names {without:?}");
    let ids: BTreeSet<&str> = precheck::all().map(|check| check.id).collect();
    assert_eq!(ids.len(), precheck::all().count(), "an id is there twice");
}

#[test]
fn what_claims_to_stop_the_upgrade_is_shown_to_stop_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut stops = BTreeSet::new();
    for path in sources(&root.join("tests")) {
        let text = fs::read_to_string(&path).unwrap();
        if text.contains("Refused(\"") || text.contains(".upgrade(&[") {
            stops.extend(ids(&text).map(str::to_owned));
        }
    }
    let claim = |check: &&Check| {
        check.from != From::Ours
            && check.level == Level::Error
            && check.consequence == Consequence::StopsTheUpgrade
            && !NOT_TO_BE_HAD.iter().any(|(id, _)| *id == check.id)
    };
    let unshown: Vec<&str> =
        precheck::all().filter(claim).map(|check| check.id).filter(|id| !stops.contains(*id)).collect();
    assert!(unshown.is_empty(), "nothing shows that these stop an upgrade: {unshown:?}");
}

/// Checks whose claim no server at hand can show, and why.
const NOT_TO_BE_HAD: &[(&str, &str)] =
    &[("auroraUnsupportedPluginsCheck", "Aurora's own engine at 8.4 refuses; the community's has no such list")];

/// Where each id stands in a test.
fn proofs(root: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let known: BTreeSet<&str> = precheck::all().map(|check| check.id).collect();
    let mut proofs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for folder in ["src/precheck", "src/step", "tests"] {
        for path in sources(&root.join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            let shown = path.strip_prefix(root).unwrap().display().to_string();
            let tests = if folder == "tests" || shown.contains("tests") {
                text.as_str()
            } else {
                text.split_once("mod tests {").map_or("", |(_, tests)| tests)
            };
            // Of the job checks' tests, words like `utf8mb3` are no ids.
            let ours = |id: &str| precheck::named(id).is_some_and(|check| check.from == From::Ours);
            let elsewhere = shown.starts_with("src/precheck/cdc");
            for id in ids(tests).filter(|id| known.contains(id) && (!elsewhere || ours(id))) {
                proofs.entry(id.to_owned()).or_default().insert(shown.clone());
            }
        }
    }
    proofs
}

/// Everything in the text that stands in quotes and could be an id.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    let word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    text.split('"').filter(word)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let this = path.ends_with("report/prechecks.rs");
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") && !this {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn tables(proofs: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut page = String::new();
    for (from, heading) in [
        (From::MysqlShell, "Named as MySQL Shell names them"),
        (From::Aurora, "Named as Aurora's prechecks name them"),
        (From::Ours, "Of this tool"),
    ] {
        page += &format!("\n### {heading}\n\n| Check | Worth | Upgrades | About | Shown by |\n");
        page += "| --- | --- | --- | --- | --- |\n";
        for check in precheck::all().filter(|check| check.from == from) {
            let shown: Vec<String> =
                proofs.get(check.id).into_iter().flatten().map(|path| format!("`{path}`")).collect();
            page += &format!(
                "| `{}` | {} | {} | {} | {} |\n",
                check.id,
                worth(check),
                upgrades(check.holds),
                check.title.replace('|', "\\|"),
                shown.join(", ")
            );
        }
    }
    page
}

fn worth(check: &Check) -> String {
    let level = match check.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    };
    let consequence = match check.consequence {
        Consequence::StopsTheUpgrade => "stops the upgrade",
        Consequence::BrokenAfterwards => "object broken afterwards",
        Consequence::SilentUntilUsed => "silent until used",
        Consequence::Advice => "advice",
    };
    format!("{level}, {consequence}")
}

fn upgrades(holds: Holds) -> String {
    match holds {
        Holds::Always => "all".to_owned(),
        Holds::Crossing(release) => format!("to {release}"),
        Holds::Between(release, before) => format!("to {release}, before {before}"),
    }
}
