//! What is wrong with green, as findings.

use super::{Outputs, look::Whole};
use crate::{
    event::{Consequence, Finding, Level},
    port::{
        mysql::quoted,
        objects::{Kind, Object, Objects, Unreadable, Why},
    },
};

/// The login lacks a right: access to a database, a table, a column, a routine; an administrator's privilege.
const NO_RIGHT: [u16; 6] = [1044, 1045, 1142, 1143, 1227, 1370];

pub(super) fn findings(seen: &Whole) -> Vec<Finding> {
    let mut found = Vec::new();
    for object in seen.blue.all.difference(&seen.green.all) {
        found.push(Finding {
            fix: Some(
                "Find out who has removed it on green; create it anew on blue, from where green gets it".to_owned(),
            ),
            ..finding(
                "missing_on_green",
                Level::Error,
                object,
                format!("{} is on blue and not on green", named(object)),
            )
        });
    }
    for object in seen.green.all.difference(&seen.blue.all) {
        found.push(Finding {
            fix: Some("Find out who has made it: green becomes production with it".to_owned()),
            ..finding("only_on_green", Level::Warning, object, format!("{} is on green and not on blue", named(object)))
        });
    }
    found.extend(seen.broken.iter().map(|broken| unreadable(broken, &seen.broken_on_blue)));
    found.extend(events(&seen.blue, &seen.green));
    found.extend(unseen(seen));
    found
}

/// A server shows a login only the objects on which it has some right, on both sides alike.
fn unseen(seen: &Whole) -> Option<Finding> {
    let global: Vec<&str> =
        seen.blue.grants.iter().filter_map(|grant| Some(grant.split_once(" ON *.* TO ")?.0)).collect();
    let has = |right: &str| global.iter().any(|given| given.contains(right) || given.contains("ALL PRIVILEGES"));
    let lacking: Vec<&str> = ["SELECT", "TRIGGER", "EVENT"].into_iter().filter(|right| !has(right)).collect();
    if lacking.is_empty() {
        return None;
    }
    let rights = lacking.join(", ");
    Some(Finding {
        check: "not_looked_at".to_owned(),
        level: Level::Warning,
        consequence: Consequence::Advice,
        object: seen.blue.account.clone(),
        message: format!("The login {} has no {rights} on *.*: what it may not see is not compared", seen.blue.account),
        fix: Some(format!("GRANT {rights} ON *.* TO the login, on blue")),
        query: Some("SHOW GRANTS".to_owned()),
    })
}

fn unreadable(broken: &Unreadable, on_blue: &[Unreadable]) -> Finding {
    let object = &broken.object;
    let check = if object.kind == Kind::View { "view_broken" } else { "program_broken" };
    let on_blue = on_blue.iter().find(|other| other.object == *object).map(|other| &other.why);
    let not_looked_at = |why: &str| {
        let message = format!("{} could not be looked at on green: {why}", named(object));
        let rights = "Give the login SELECT, SHOW VIEW, TRIGGER and EVENT on *.* (and SHOW_ROUTINE where it is known)";
        Finding { fix: Some(rights.to_owned()), ..finding("not_looked_at", Level::Warning, object, message) }
    };
    match &broken.why {
        Why::Hidden => not_looked_at("the login may not see its definition"),
        Why::Late(why) => {
            Finding { fix: Some("Look at it by hand, then exclude it or run again".to_owned()), ..not_looked_at(why) }
        }
        Why::Refused { code, message } if NO_RIGHT.contains(code) => not_looked_at(message),
        Why::Refused { code, message } => match on_blue {
            // A right or a time on blue says nothing of what blue makes of it.
            Some(Why::Refused { code: other, message: told }) if !NO_RIGHT.contains(other) => {
                let message = format!("{} was broken before the upgrade, and is on green: {told}", named(object));
                Finding { fix: Some(mend(object)), ..finding(check, Level::Warning, object, message) }
            }
            _ => {
                let verb = if object.kind == Kind::View { "cannot be read" } else { "does not parse" };
                let message = format!("{} {verb} on green: {message} ({code})", named(object));
                Finding { fix: Some(mend(object)), ..finding(check, Level::Error, object, message) }
            }
        },
    }
}

/// What to do about a definition.
fn mend(object: &Object) -> String {
    match object.kind {
        Kind::View => "Write it on blue as both versions read it (CREATE OR REPLACE VIEW), or drop it there".to_owned(),
        kind => format!("Write the {kind} on blue as both versions parse it, or drop it there"),
    }
}

/// Events that would not run after the switchover, and those that run before it.
fn events(blue: &Objects, green: &Objects) -> Vec<Finding> {
    let mut found = Vec::new();
    let enabled = |status: &String| status.eq_ignore_ascii_case("ENABLED");
    for (event, status) in &green.events {
        let name = named(event);
        // `SLAVESIDE_DISABLED`, `REPLICA_SIDE_DISABLED`: made on blue after green was copied from it.
        let off = status.to_ascii_uppercase().contains("SIDE_DISABLED");
        if off && blue.events.get(event).is_some_and(enabled) {
            let message = format!(
                "{name} came to green by replication and is {status} there: it will not run after the switchover"
            );
            found.push(Finding {
                fix: Some(format!("After the switchover: ALTER EVENT `{}`.`{}` ENABLE", event.schema, event.name)),
                ..finding("event_off_on_green", Level::Warning, event, message)
            });
        }
        if green.runs_events && enabled(status) {
            let message = format!(
                "{name} is enabled on green and event_scheduler is ON there: it runs on both sides until the switchover"
            );
            found.push(Finding {
                fix: Some(
                    "Set event_scheduler to OFF in green's parameter group until the switchover is over".to_owned(),
                ),
                ..finding("event_runs_on_green", Level::Warning, event, message)
            });
        }
    }
    found
}

/// How many of each kind.
pub(super) fn counted(green: &Objects) -> Outputs {
    let of = |kind| green.all.iter().filter(|object| object.kind == kind).count();
    Outputs {
        tables: of(Kind::Table),
        views: of(Kind::View),
        procedures: of(Kind::Procedure),
        functions: of(Kind::Function),
        triggers: of(Kind::Trigger),
        events: of(Kind::Event),
        ..Outputs::default()
    }
}

/// `The view shop.totals`
fn named(object: &Object) -> String {
    format!("The {} {object}", object.kind)
}

fn finding(check: &str, level: Level, object: &Object, message: String) -> Finding {
    let name = format!("{}.{}", quoted(&object.schema), quoted(&object.name));
    let query = match object.kind {
        Kind::View => format!("SELECT * FROM {name} LIMIT 0"),
        kind => format!("SHOW CREATE {} {name}", kind.keyword()),
    };
    let consequence = match (check, level) {
        ("only_on_green" | "not_looked_at", _) => Consequence::Advice,
        (_, Level::Error) => Consequence::BrokenAfterwards,
        _ => Consequence::SilentUntilUsed,
    };
    Finding {
        check: check.to_owned(),
        level,
        consequence,
        object: object.to_string(),
        message,
        fix: None,
        query: Some(query),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: Kind, name: &str) -> Object {
        Object { kind, schema: "shop".to_owned(), name: name.to_owned() }
    }

    fn unreadable(kind: Kind, why: Why) -> Vec<Unreadable> {
        vec![Unreadable { object: object(kind, "x"), why }]
    }

    fn refused(code: u16) -> Why {
        Why::Refused { code, message: "no".to_owned() }
    }

    /// Without a finding about the login.
    fn told(seen: Whole) -> Vec<(String, Level)> {
        let grants = vec!["GRANT ALL PRIVILEGES ON *.* TO 'u'@'%'".to_owned()];
        let blue = Objects { grants, ..seen.blue };
        findings(&Whole { blue, ..seen }).into_iter().map(|finding| (finding.check, finding.level)).collect()
    }

    #[test]
    fn only_what_blue_can_do_is_asked_of_green() {
        for (kind, on_green, on_blue, check, level) in [
            (Kind::View, refused(1064), None, "view_broken", Level::Error),
            (Kind::View, refused(1356), Some(refused(1356)), "view_broken", Level::Warning),
            // What the login may not do on blue says nothing of the view.
            (Kind::View, refused(1356), Some(refused(1142)), "view_broken", Level::Error),
            (Kind::View, refused(1356), Some(Why::Late("slow".to_owned())), "view_broken", Level::Error),
            (Kind::View, refused(1142), None, "not_looked_at", Level::Warning),
            (Kind::View, Why::Late("slow".to_owned()), None, "not_looked_at", Level::Warning),
            (Kind::Event, refused(1064), None, "program_broken", Level::Error),
            (Kind::Trigger, Why::Hidden, None, "not_looked_at", Level::Warning),
        ] {
            let broken = unreadable(kind, on_green);
            let broken_on_blue = on_blue.map(|why| unreadable(kind, why)).unwrap_or_default();
            let seen = Whole { broken, broken_on_blue, ..Whole::default() };
            assert_eq!(told(seen), [(check.to_owned(), level)], "{kind}");
        }
    }

    #[test]
    fn an_event_is_told_where_it_runs_twice_or_never() {
        let event = object(Kind::Event, "nightly");
        let side = |status: &str, runs_events| Objects {
            all: [event.clone()].into(),
            events: [(event.clone(), status.to_owned())].into(),
            runs_events,
            ..Objects::default()
        };
        for (on_blue, on_green, runs, check) in [
            ("ENABLED", "ENABLED", true, Some("event_runs_on_green")),
            ("ENABLED", "ENABLED", false, None),
            ("ENABLED", "SLAVESIDE_DISABLED", true, Some("event_off_on_green")),
            ("ENABLED", "REPLICA_SIDE_DISABLED", false, Some("event_off_on_green")),
            ("DISABLED", "SLAVESIDE_DISABLED", true, None),
            ("DISABLED", "DISABLED", true, None),
        ] {
            let seen = Whole { blue: side(on_blue, true), green: side(on_green, runs), ..Whole::default() };
            let expected: Vec<_> = check.map(|check| (check.to_owned(), Level::Warning)).into_iter().collect();
            assert_eq!(told(seen), expected, "{on_blue}, {on_green}");
        }
    }

    #[test]
    fn a_login_that_sees_a_part_is_told() {
        let grants =
            vec!["GRANT SELECT, EVENT ON *.* TO 'u'@'%'".to_owned(), "GRANT TRIGGER ON `a`.* TO 'u'@'%'".to_owned()];
        let found = findings(&Whole {
            blue: Objects { grants, account: "u@%".to_owned(), ..Objects::default() },
            ..Whole::default()
        });
        let messages: Vec<_> = found.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages, ["The login u@% has no TRIGGER on *.*: what it may not see is not compared"]);
    }
}
