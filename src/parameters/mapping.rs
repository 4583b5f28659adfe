//! From the parameters of blue's group to those of green's: what is carried, under which name, with which value, and why
//! the rest is not.

use std::collections::BTreeMap;

use super::{
    defaults,
    fate::{Becomes, Fate},
    renamed::{REMOVED, RENAMED, Rule, Version, family_version},
    translate::{self, Translated},
    value::{allowed, same_value},
};
use crate::{
    error::{Error, Result},
    port::rds::{Level, Parameter, Setting},
};

/// One group of blue.
#[derive(Debug, Clone, Copy)]
pub struct From<'a> {
    pub family: &'a str,
    /// All of the group, also what nobody set.
    pub parameters: &'a [Parameter],
    /// Set in a group of another level that green takes at this one.
    pub moved: &'a [Parameter],
    /// Names that a user set in blue's group of the other level.
    pub covered: &'a [String],
}

/// One group of green.
#[derive(Debug, Clone, Copy)]
pub struct To<'a> {
    pub level: Level,
    pub family: &'a str,
    /// What the family knows at this level.
    pub parameters: &'a [Parameter],
    /// Of an instance's group in a cluster: what the cluster's knows, which is told there.
    pub above: &'a [Parameter],
}

/// What the playbook asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    pub pin: Pin,
    pub set: BTreeMap<String, String>,
}

/// Whose values of blue are kept where a default is another one on green.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    All,
    Names(Vec<String>),
}

impl Default for Pin {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

/// What becomes of every parameter of a group, and what green's is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// By name.
    pub fates: Vec<Fate>,
    pub settings: Vec<Setting>,
}

impl Mapping {
    pub(super) fn gives(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| same_name(&setting.name, name))
    }

    pub(super) fn tells(&self, name: &str) -> bool {
        let named =
            |fate: &Fate| same_name(&fate.parameter, name) || fate.renamed.iter().any(|new| same_name(new, name));
        self.fates.iter().any(named)
    }

    /// The fate of a parameter that green is given.
    pub(super) fn give(&mut self, known: &Parameter, value: String, fate: Fate) {
        let renamed = (known.name != fate.parameter).then(|| known.name.clone());
        self.fates.push(Fate { renamed, green: Some(value.clone()), ..fate });
        self.settings.push(Setting { name: known.name.clone(), value, pending_reboot: known.apply_type != "dynamic" });
    }
}

/// Without it the switchover works and the coordinates never come, and no CDC job can read green.
const BINLOG_FORMAT: &str = "binlog_format";

/// What becomes of blue's parameters in green's group.
///
/// # Errors
/// `Permanent` where the playbook asks for a value that the target family does not take.
pub fn map(from: &From<'_>, to: &To<'_>, wish: &Wish) -> Result<Mapping> {
    let mut mapping = Mapping::default();
    asked(from, to, wish, &mut mapping)?;
    let set =
        |parameters: &'_ [Parameter]| parameters.iter().filter(|one| one.source == "user").cloned().collect::<Vec<_>>();
    let mut set: Vec<Parameter> = [set(from.parameters), set(from.moved)].concat();
    // Where both names are set, the one that green has wins.
    set.sort_by_key(|one| listed(to.parameters, &one.name).is_none());
    for parameter in &set {
        carry(from, to, parameter, &mut mapping);
    }
    defaults::add(from, to, &wish.pin, &mut mapping)?;
    mapping.fates.sort_by(|one, other| one.parameter.cmp(&other.parameter));
    Ok(mapping)
}

fn asked(from: &From<'_>, to: &To<'_>, wish: &Wish, mapping: &mut Mapping) -> Result<()> {
    let user_set = |name: &str| listed(from.parameters, name).is_some_and(|one| one.source == "user");
    for (name, value) in &wish.set {
        let Some(known) = listed(to.parameters, name) else { continue };
        if listed(to.above, name).is_some() && !user_set(name) {
            continue;
        }
        let fitting = fit(known, value).map_err(|why| unfit(name, value, to, &why))?;
        if same_name(name, BINLOG_FORMAT) && !fitting.eq_ignore_ascii_case("ROW") {
            return Err(unfit(name, value, to, "without ROW the CDC jobs could not read green after the switchover"));
        }
        let fate = Fate {
            parameter: known.name.clone(),
            blue: defaults::effective(from, name),
            ..blank(to.level, Becomes::Set, "the playbook sets it")
        };
        mapping.give(known, fitting, fate);
    }
    let format = listed(to.parameters, BINLOG_FORMAT).filter(|known| known.modifiable);
    if let Some(known) = format.filter(|known| mapping.gives(&known.name).is_none()) {
        let blue = defaults::effective(from, BINLOG_FORMAT);
        let same = user_set(BINLOG_FORMAT) && blue.as_deref().is_some_and(|blue| same_value(blue, "ROW"));
        if !same {
            let why = "the switchover's coordinates and every CDC job need a log of rows";
            let fate = Fate { parameter: known.name.clone(), blue, ..blank(to.level, Becomes::Set, why) };
            mapping.give(known, "ROW".to_owned(), fate);
        }
    }
    Ok(())
}

/// One parameter that a user has set on blue.
fn carry(from: &From<'_>, to: &To<'_>, parameter: &Parameter, mapping: &mut Mapping) {
    let Some(value) = &parameter.value else { return };
    let name = &parameter.name;
    let fate = |becomes, why: &str| Fate {
        parameter: name.clone(),
        blue: Some(value.clone()),
        ..blank(to.level, becomes, why)
    };
    let Some((known, rule)) = place(from.family, to, name) else {
        let gone = REMOVED.iter().find(|row| same_name(row.name, name));
        let why = gone.map_or_else(
            || format!("{} does not have it", to.family),
            |row| format!("gone since {}: {}", row.since, row.why),
        );
        mapping.fates.push(fate(Becomes::Dropped, &why));
        return;
    };
    if mapping.gives(&known.name).is_some() {
        let by_wish = mapping.fates.iter().any(|other| other.becomes == Becomes::Set && other.parameter == known.name);
        if !by_wish {
            mapping.fates.push(fate(Becomes::Dropped, &format!("{} is set too, and is the name on green", known.name)));
        }
        return;
    }
    let translated = translate::by_rule(rule, value, defaults::redo_log_files(from)).and_then(|by_rule| {
        let words = translate::words(name, &by_rule.value, family_version(from.family), family_version(to.family))?;
        Ok(Translated { value: words.value, why: by_rule.why.or(words.why) })
    });
    let fitted = translated.and_then(|done| fit(known, &done.value).map(|value| (value, done.why)));
    match fitted {
        Ok((fitting, why)) => {
            let respelt = !fitting.eq_ignore_ascii_case(value) && why.is_none();
            let becomes = match (&why, known.name == *name) {
                (Some(_), _) => Becomes::Translated,
                _ if respelt && fitting.replace(' ', "") != value.replace(' ', "") => Becomes::Translated,
                (None, false) => Becomes::Renamed,
                (None, true) => Becomes::Carried,
            };
            let why = why.unwrap_or_else(|| match becomes {
                Becomes::Translated => format!("{} writes it so", to.family),
                Becomes::Renamed => format!("its name in {}", to.family),
                _ => String::new(),
            });
            mapping.give(known, fitting, fate(becomes, &why));
        }
        Err(why) => mapping.fates.push(fate(Becomes::Refused, &why)),
    }
}

/// Under which name green has a parameter of blue: a newer one where the family lists it, else its own. One that may be
/// changed is preferred.
fn place<'a>(older: &str, to: &To<'a>, name: &str) -> Option<(&'a Parameter, Rule)> {
    let (older, newer): (Version, Version) = (family_version(older), family_version(to.family));
    let newer_names = RENAMED
        .iter()
        .filter(|row| older < newer && row.since <= newer && same_name(row.old, name))
        .filter_map(|row| Some((listed(to.parameters, row.new)?, row.value)));
    let own = listed(to.parameters, name).map(|known| (known, Rule::Same));
    let places: Vec<_> = newer_names.chain(own).collect();
    places.iter().find(|(known, _)| known.modifiable).or_else(|| places.first()).copied()
}

/// Whether green could be given a parameter of blue at this level, under whatever name.
pub fn has_place(older: &str, to: &To<'_>, name: &str) -> bool {
    place(older, to, name).is_some()
}

/// The value as the family spells it; an error says why it does not take it.
pub(super) fn fit(known: &Parameter, value: &str) -> std::result::Result<String, String> {
    if !known.modifiable {
        return Err("it cannot be changed in the target family".to_owned());
    }
    allowed(known.allowed_values.as_deref(), value)
        .ok_or_else(|| format!("the target family allows {}", known.allowed_values.as_deref().unwrap_or_default()))
}

pub(super) fn unfit(name: &str, value: &str, to: &To<'_>, why: &str) -> Error {
    Error::permanent(format!(
        "`sync_parameter_group` asks for {name} = {value}, and {} cannot have it: {why}",
        to.family
    ))
    .unchanged("Nothing was changed")
    .hint("Correct `set:` or `pin:` of `sync_parameter_group`, then type the same command again")
}

pub(super) fn blank(level: Level, becomes: Becomes, why: &str) -> Fate {
    Fate { level, parameter: String::new(), renamed: None, blue: None, green: None, becomes, why: why.to_owned() }
}

pub(super) fn listed<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a Parameter> {
    parameters.iter().find(|known| same_name(&known.name, name))
}

const AT_CREATION: [&str; 4] = [BINLOG_FORMAT, "lower_case_table_names", "gtid_mode", "enforce_gtid_consistency"];

/// What must be right when green is created: the case of table names cannot be changed later; where blue has GTID on, a green
/// without it cannot follow; and what is set later needs a reboot.
pub fn at_creation(mapping: &Mapping) -> Vec<Setting> {
    let first = |setting: &&Setting| AT_CREATION.iter().any(|name| same_name(name, &setting.name));
    mapping.settings.iter().filter(first).cloned().collect()
}

/// The settings of `wanted` that `present` does not show yet.
pub fn missing(wanted: &[Setting], present: &[Parameter]) -> Vec<Setting> {
    let shows = |setting: &&Setting| {
        let value = listed(present, &setting.name).and_then(|parameter| parameter.value.as_deref());
        value.is_some_and(|value| same_value(value, &setting.value))
    };
    wanted.iter().filter(|setting| !shows(setting)).cloned().collect()
}

/// RDS spells some names with a hyphen in one family and an underscore in another.
pub fn same_name(one: &str, other: &str) -> bool {
    let letter = |c: u8| if c == b'-' { b'_' } else { c.to_ascii_lowercase() };
    one.len() == other.len() && one.bytes().zip(other.bytes()).all(|(one, other)| letter(one) == letter(other))
}
