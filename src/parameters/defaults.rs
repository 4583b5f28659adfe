//! What nobody has set, and is another value on green.

use super::{
    fate::{Becomes, Fate},
    mapping::{From, Mapping, Pin, To, blank, fit, listed, same_name, unfit},
    renamed::{NEW_DEFAULTS, NewDefault, Version, family_version, former},
    translate,
    value::same_value,
};
use crate::{
    error::{Error, Result},
    port::rds::Parameter,
};

const COLLATION: &str = "collation_server";
const CHARACTER_SET: &str = "character_set_server";

/// Two log files where nothing says how many.
const REDO_LOG_FILES: u64 = 2;

/// Adds what is pinned, and of the rest what is another one on green by default.
pub(super) fn add(from: &From<'_>, to: &To<'_>, pin: &Pin, mapping: &mut Mapping) -> Result<()> {
    if let Pin::Names(names) = pin {
        for name in names {
            named(from, to, name, mapping)?;
        }
    }
    for row in NEW_DEFAULTS.iter() {
        let Some(known) = listed(to.parameters, row.name).filter(|_| listed(to.above, row.name).is_none()) else {
            continue;
        };
        let covered = |name: &str| from.covered.iter().any(|set| same_name(set, name));
        let settled = mapping.tells(row.name) || covered(row.name) || former(row.name).any(|row| covered(row.old));
        let Some((blue, green)) = changed(from, to, row, known, mapping).filter(|_| !settled) else { continue };
        let fate = |becomes, why: &str| Fate {
            parameter: known.name.clone(),
            blue: Some(blue.clone()),
            green: Some(green.clone()),
            ..blank(to.level, becomes, why)
        };
        match (pin, fit(known, &blue)) {
            (Pin::Names(_), _) => mapping.fates.push(fate(Becomes::NewDefault, row.why)),
            (Pin::All, Ok(value)) => mapping.give(known, value, fate(Becomes::Pinned, row.why)),
            (Pin::All, Err(why)) => {
                let why = format!("{why}; it will be {green}, and {}", row.why);
                mapping.fates.push(Fate { green: None, ..fate(Becomes::Refused, &why) });
            }
        }
    }
    Ok(())
}

/// One parameter that the playbook pins by its name.
fn named(from: &From<'_>, to: &To<'_>, name: &str, mapping: &mut Mapping) -> Result<()> {
    let Some(known) = listed(to.parameters, name).filter(|_| listed(to.above, name).is_none()) else { return Ok(()) };
    if mapping.tells(name) {
        return Ok(());
    }
    let row = NEW_DEFAULTS.iter().find(|row| same_name(row.name, name));
    let differs = row.and_then(|row| changed(from, to, row, known, mapping)).map(|(blue, _)| blue);
    if differs.is_none() && same_name(name, COLLATION) && mapping.gives(CHARACTER_SET).is_some() {
        // The collation of the character set that is set is the same on both sides; blue's own default belongs to another.
        return Ok(());
    }
    let blue = differs.or_else(|| effective(from, name)).or_else(|| by_default(row?, family_version(from.family)));
    let Some(blue) = blue else {
        let text = format!("`pin:` names {name}, and RDS does not tell which value it has on blue by default");
        return Err(Error::permanent(text).unchanged("Nothing was changed").hint(format!(
            "Say it in `sync_parameter_group`: `set: {{ {name}: VALUE }}` (SELECT @@GLOBAL.{})",
            known.name.replace('-', "_")
        )));
    };
    let value = fit(known, &blue).map_err(|why| unfit(name, &blue, to, &why))?;
    let why = row.map_or("the playbook pins it", |row| row.why);
    let fate = Fate { parameter: known.name.clone(), blue: Some(blue), ..blank(to.level, Becomes::Pinned, why) };
    mapping.give(known, value, fate);
    Ok(())
}

/// Both defaults, where they are not the same and both are known.
fn changed(
    from: &From<'_>,
    to: &To<'_>,
    row: &NewDefault,
    known: &Parameter,
    mapping: &Mapping,
) -> Option<(String, String)> {
    let (older, newer) = (family_version(from.family), family_version(to.family));
    if older >= newer {
        return None;
    }
    if row.name == COLLATION
        && let Some(set) = mapping.gives(CHARACTER_SET)
    {
        // The server takes the default collation of the character set that is set; of one set alone that has changed.
        let other = older < row.since && row.since <= newer && set.value.eq_ignore_ascii_case("utf8mb4");
        return other.then(|| ("utf8mb4_general_ci".to_owned(), "utf8mb4_0900_ai_ci".to_owned()));
    }
    let blue = effective(from, row.name).or_else(|| by_default(row, older))?;
    let green = known.value.clone().or_else(|| by_default(row, newer))?;
    (!same_value(&blue, &green)).then_some((blue, green))
}

fn by_default(row: &NewDefault, version: Version) -> Option<String> {
    if version < row.since { row.before.clone() } else { row.after.clone() }
}

/// The value that a parameter of green has on blue, set or by default, under whatever name; `None` where RDS does not tell.
pub(super) fn effective(from: &From<'_>, name: &str) -> Option<String> {
    if let Some(value) = listed(from.parameters, name).and_then(|known| known.value.clone()) {
        return Some(value);
    }
    former(name).find_map(|row| {
        let value = listed(from.parameters, row.old)?.value.as_ref()?;
        translate::by_rule(row.value, value, redo_log_files(from)).ok().map(|done| done.value)
    })
}

pub(super) fn redo_log_files(from: &From<'_>) -> u64 {
    let told =
        listed(from.parameters, "innodb_log_files_in_group").and_then(|known| known.value.as_ref()?.parse().ok());
    told.unwrap_or(REDO_LOG_FILES)
}
