//! The list of steps: each is one key, each kind has its place.

use std::{collections::BTreeMap, ops::Range};

use super::{
    check::{self, Findings, listed, mapping, mismatch},
    form::{key_shown, nearest},
    kinds::{EITHER, KINDS, Kind, LATER, ORDER, kind},
    problem::Problem,
    tree::{Node, Value},
};

/// One entry of the list.
pub(super) struct Entry<'n> {
    pub(super) kind: &'static Kind,
    /// Where the kind is written.
    pub(super) key: &'n Node,
    /// Absent for a bare `- approve`.
    pub(super) body: Option<&'n Node>,
}

impl Entry<'_> {
    pub(super) fn name(&self) -> &'static str {
        self.kind.body.name
    }

    /// Its `id:`, else its kind; and where that is written.
    pub(super) fn id(&self) -> (&str, &Range<usize>) {
        let given = self.body.and_then(|body| body.get("id"));
        match given.map(|node| (&node.value, &node.span)) {
            Some((Value::Text(id), span)) => (id, span),
            _ => (self.name(), &self.key.span),
        }
    }
}

/// The entries that are steps; what is no step is passed over.
pub(super) fn entries(list: &Node) -> Vec<Entry<'_>> {
    let Value::List(items) = &list.value else { return Vec::new() };
    items.iter().filter_map(|item| entry(item).ok()).collect()
}

fn entry(item: &Node) -> Result<Entry<'_>, Box<Problem>> {
    let (key, body) = match &item.value {
        Value::Text(_) => (item, None),
        Value::Map(entries) => match &entries[..] {
            [(key, body)] => (key, (!matches!(body.value, Value::Nothing)).then_some(body)),
            [(first, empty), (second, _), ..] if matches!(empty.value, Value::Nothing) && is_kind(first) => {
                let deeper = Problem::new(second.span.clone(), "a step is one key, and this stands beside it");
                return Err(Box::new(deeper.hint("indent it below the step, or begin the next step with `- `")));
            }
            [] => return Err(Box::new(Problem::new(item.span.clone(), "an empty step").hint("name a step"))),
            [_, (second, _), ..] => {
                let many = Problem::new(second.span.clone(), "a step is one key, and this is another");
                return Err(Box::new(many.hint("begin each step with `- ` on a line of its own")));
            }
        },
        _ => return Err(Box::new(mismatch(item, &item.span, "a step", Some(&known())))),
    };
    let Value::Text(name) = &key.value else {
        return Err(Box::new(mismatch(key, &key.span, "a step", Some(&known()))));
    };
    match kind(name) {
        Some(kind) => Ok(Entry { kind, key, body }),
        None => Err(Box::new(unknown(key, name))),
    }
}

fn is_kind(key: &Node) -> bool {
    matches!(&key.value, Value::Text(name) if kind(name).is_some())
}

fn unknown(key: &Node, name: &str) -> Problem {
    let shown = key_shown(name);
    let hint = match nearest(shown, KINDS.iter().map(|kind| kind.body.name)) {
        _ if LATER.contains(&name) => format!("`{name}` is not supported yet; {}", known()),
        Some(meant) if shown.len() < name.len() => format!("did you mean `{meant}: …`? A space follows the colon"),
        Some(meant) => format!("did you mean `{meant}`?"),
        None => known(),
    };
    Problem::new(key.span.clone(), format!("unknown step `{shown}`")).hint(hint)
}

fn known() -> String {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.body.name).collect();
    format!("the steps are {}", listed(&names))
}

/// Each step on its own, then their ids and their order.
pub(super) fn check(list: &Node, owner: &Range<usize>, found: &mut Findings) {
    let Value::List(items) = &list.value else {
        found.add(mismatch(list, owner, "a list of steps", Some("begin each step with `- `")));
        return;
    };
    if items.is_empty() {
        found.add(Problem::new(list.span.clone(), "a playbook without a step does nothing").hint(known()));
    }
    for item in items {
        match entry(item) {
            Ok(Entry { kind, key, body: Some(body) }) => mapping(body, &kind.body, &key.span, found),
            Ok(Entry { kind, key, body: None }) => {
                let nothing = Node { value: Value::Map(Vec::new()), span: key.span.clone(), defined: key.span.clone() };
                mapping(&nothing, &kind.body, &key.span, found);
            }
            Err(problem) => found.add(*problem),
        }
    }
    let steps = entries(list);
    repeats(&steps, found);
    order(&steps, found);
    either(&steps, found);
    needed_steps(&steps, found);
    compared(&steps, found);
}

/// What a `verify_data` compares is there only at some places of the list.
fn compared(steps: &[Entry<'_>], found: &mut Findings) {
    for (at, step) in steps.iter().enumerate().filter(|(_, step)| step.name() == "verify_data") {
        let given = |key: &str, value: &str| {
            step.body
                .and_then(|body| body.get(key))
                .filter(|node| matches!(&node.value, Value::Text(text) if text == value))
        };
        let (green, handover) = (given("of", "green"), given("scope", "handover"));
        let pairs = step.body.and_then(|body| body.get("pairs"));
        let excluded = [
            (green, "`of: green`", pairs, "`pairs`"),
            (handover, "`scope: handover`", pairs, "`pairs`"),
            (handover, "`scope: handover`", green, "`of: green`"),
        ];
        for (one, named, other, other_named) in excluded {
            if let (Some(one), Some(other)) = (one, other) {
                found.add(
                    Problem::new(one.span.clone(), format!("{named} and {other_named} exclude each other"))
                        .also(check::place(other, &step.key.span), "the other")
                        .hint("compare the one in a step, and the other in another step with an `id:` of its own"),
                );
            }
        }
        let first = |names: &[&str]| steps.iter().position(|other| names.contains(&other.name()));
        let mut behind = |node: &Node, named: &str, needed: &[&str]| match first(needed) {
            Some(place) if place < at => {}
            Some(place) => found.add(
                Problem::new(node.span.clone(), format!("{named} cannot stand before `{}`", steps[place].name()))
                    .also(steps[place].key.span.clone(), "must stand first")
                    .hint(format!("move `verify_data` below `{}`", steps[place].name())),
            ),
            None => {
                let either = needed.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
                let needs = format!("{named} needs {either} in the playbook");
                found.add(Problem::new(node.span.clone(), needs).hint(format!("add {either} before it")));
            }
        };
        if let Some(node) = handover {
            behind(node, "`scope: handover`", &["submit_cdc_jobs", "repoint_cdc_jobs"]);
        }
        let Some(node) = green else { continue };
        behind(node, "`of: green`", &["create_blue_green"]);
        if let Some(place) = first(&["switchover"]).filter(|place| *place < at) {
            let after = "`of: green` cannot stand after `switchover`: there is no replica any more";
            found.add(
                Problem::new(node.span.clone(), after)
                    .also(steps[place].key.span.clone(), "must stand behind it")
                    .hint("move `verify_data` above `switchover`"),
            );
        }
    }
}

/// Of two ways a playbook goes one.
fn either(steps: &[Entry<'_>], found: &mut Findings) {
    for (one, other) in EITHER {
        let find = |name: &str| steps.iter().find(|step| step.name() == name);
        if let (Some(one), Some(other)) = (find(one), find(other)) {
            let both = format!("`{}` and `{}` cannot stand in one playbook", one.name(), other.name());
            found.add(
                Problem::new(other.key.span.clone(), both)
                    .also(one.key.span.clone(), "the other way")
                    .hint(format!("{EARLY_WAY}; {ORDINARY_WAY}")),
            );
        }
    }
}

const EARLY_WAY: &str = "the jobs move early with `move_cdc_jobs` … `repoint_cdc_jobs`";
const ORDINARY_WAY: &str = "otherwise they move with `stop_cdc_jobs` … `submit_cdc_jobs`";

fn repeats(steps: &[Entry<'_>], found: &mut Findings) {
    let mut ids: BTreeMap<&str, &Range<usize>> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, &Range<usize>> = BTreeMap::new();
    for step in steps {
        let (id, place) = step.id();
        let first_of_kind = *kinds.entry(step.name()).or_insert(&step.key.span);
        if !step.kind.repeatable && first_of_kind != &step.key.span {
            let twice = format!("`{}` may stand in a playbook once", step.name());
            found.add(
                Problem::new(step.key.span.clone(), twice)
                    .also(first_of_kind.clone(), "the first one")
                    .hint("another upgrade is another playbook"),
            );
            continue;
        }
        let first = *ids.entry(id).or_insert(place);
        if first != place {
            let twice = Problem::new(place.clone(), format!("two steps have the id `{id}`"));
            found.add(
                twice
                    .also(first.clone(), "the first one")
                    .hint(format!("give one of them its own: `- {}: {{ id: … }}`", step.name())),
            );
        }
    }
}

fn order(steps: &[Entry<'_>], found: &mut Findings) {
    for (at, step) in steps.iter().enumerate() {
        let misplaced: Vec<&Entry<'_>> = ORDER
            .iter()
            .filter(|(_, after)| *after == step.name())
            .filter_map(|(before, _)| {
                let first = steps.iter().position(|other| other.name() == *before)?;
                (first > at).then(|| &steps[first])
            })
            .collect();
        if let Some(first) = misplaced.first() {
            let names: Vec<&str> = misplaced.iter().map(|other| other.name()).collect();
            found.add(
                Problem::new(
                    step.key.span.clone(),
                    format!("`{}` cannot stand before {}", step.name(), listed(&names)),
                )
                .also(first.key.span.clone(), "must stand first")
                .hint(format!("move `{}` below {}", step.name(), listed(&names))),
            );
        }
    }
}

fn needed_steps(steps: &[Entry<'_>], found: &mut Findings) {
    for step in steps {
        let has = |name: &&&str| steps.iter().any(|other| other.name() == **name);
        let missing: Vec<&str> = step.kind.steps.iter().filter(|name| !has(name)).copied().collect();
        if !missing.is_empty() {
            let needs = format!("`{}` needs {} in the playbook", step.name(), listed(&missing));
            let follows = |name: &&str| ORDER.contains(&(step.name(), *name));
            let (after, before): (Vec<&str>, Vec<&str>) = missing.iter().partition(|name| follows(name));
            let places = [(before, "before"), (after, "after")];
            let places = places.into_iter().filter(|(names, _)| !names.is_empty());
            let add: Vec<_> = places.map(|(names, place)| format!("{} {place} it", listed(&names))).collect();
            found.add(Problem::new(step.key.span.clone(), needs).hint(format!("add {}", add.join(" and "))));
        }
    }
}

/// Sections that a listed step cannot do without.
pub(super) fn needed_sections(root: &Node, steps: &Node, found: &mut Findings) {
    let mut told: Vec<&str> = Vec::new();
    for step in entries(steps) {
        for section in step.kind.sections {
            let there = root.get(section);
            let empty = matches!(there.map(|node| &node.value), Some(Value::List(items)) if items.is_empty());
            if (there.is_some() && !empty) || told.contains(section) {
                continue;
            }
            told.push(section);
            let place = if empty { there.map(|node| node.span.clone()) } else { None };
            let needs = match empty {
                true => format!("`{}` needs at least one entry in `{section}`", step.name()),
                false => format!("`{}` needs the section `{section}`", step.name()),
            };
            let problem = Problem::new(place.unwrap_or_else(|| step.key.span.clone()), needs);
            found.add(problem.hint(format!("add `{section}:` with {}", check::section_keys(section))));
        }
    }
}
