//! The JSON event format: it reads back as it was written, and `docs/events.md` tells the truth about it.

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use upgrade::{
    error::{Error, Kind},
    event::{
        Action, Body, ByHand, Check, Choice, Consequence, Event, Finding, Level, Offset, OperationState, Outcome,
        Phase, Proposal, RunState, Status, StepName, StepStatus, VERSION,
    },
    report::{Format, document},
};

const DOCS: &str = include_str!("../../docs/events.md");

/// Every type of event, by its name on the wire. A new one does not compile until it stands here.
fn type_of(body: &Body) -> &'static str {
    match body {
        Body::RunStarted { .. } => TYPES[0],
        Body::StepStarted { .. } => TYPES[1],
        Body::StepProgress { .. } => TYPES[2],
        Body::Operation { .. } => TYPES[3],
        Body::Finding(_) => TYPES[4],
        Body::Warning { .. } => TYPES[5],
        Body::Artifact { .. } => TYPES[6],
        Body::StepFinished { .. } => TYPES[7],
        Body::RunFinished { .. } => TYPES[8],
        Body::Proposal(_) => TYPES[9],
        Body::Status(_) => TYPES[10],
        Body::Offset(_) => TYPES[11],
        Body::Choice(_) => TYPES[12],
        Body::Check(_) => TYPES[13],
    }
}

const TYPES: [&str; 14] = [
    "run_started",
    "step_started",
    "step_progress",
    "operation",
    "finding",
    "warning",
    "artifact",
    "step_finished",
    "run_finished",
    "proposal",
    "status",
    "offset",
    "choice",
    "check",
];

/// One section of the page: a type, the fields its table names, and its example line.
struct Section<'a> {
    name: &'a str,
    fields: BTreeSet<&'a str>,
    example: &'a str,
}

fn sections() -> Vec<Section<'static>> {
    let section = |text: &'static str| {
        let name = text.lines().next().unwrap().trim_matches('`');
        let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let example = text.split_once("```json\n").unwrap_or_else(|| panic!("no example for {name}")).1;
        Section { name, fields: rows.map(|(field, _)| field).collect(), example: example.lines().next().unwrap() }
    };
    DOCS.split("\n### ").skip(1).map(section).collect()
}

#[test]
fn the_page_has_every_type_with_its_fields_and_a_true_example() {
    let sections = sections();
    assert_eq!(sections.iter().map(|section| section.name).collect::<Vec<_>>(), TYPES);
    for section in sections {
        let event =
            serde_json::from_str::<Event>(section.example).unwrap_or_else(|error| panic!("{}: {error}", section.name));
        assert_eq!(type_of(&event.body), section.name);
        assert_eq!(event.v, VERSION);
        assert_eq!(
            document(Format::Json, &[event]),
            format!("{}\n", section.example),
            "the example is not what is written"
        );
        let object = serde_json::from_str::<Map<String, Value>>(section.example).unwrap();
        let common = ["v", "seq", "at", "type"];
        let fields = object.keys().map(String::as_str).filter(|key| !common.contains(key)).collect::<BTreeSet<_>>();
        assert_eq!(fields, section.fields, "the table of {} differs from its example", section.name);
    }
}

#[test]
fn the_page_names_every_word_of_every_field_with_few_values() {
    fn words<T: serde::Serialize>(values: &[T]) -> Vec<String> {
        values.iter().map(|value| serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()).collect()
    }
    let all = [
        words(&OUTCOMES),
        words(&LEVELS),
        words(&CONSEQUENCES),
        words(&ACTIONS),
        words(&RUN_STATES),
        words(&OPERATION_STATES),
        words(&PHASES),
        words(&KINDS),
    ];
    for word in all.iter().flatten() {
        assert!(DOCS.contains(&format!("`{word}`")), "docs/events.md does not name `{word}`");
    }
}

const OUTCOMES: [Outcome; 7] = [
    Outcome::Succeeded,
    Outcome::Skipped,
    Outcome::Failed,
    Outcome::Waiting,
    Outcome::Unknown,
    Outcome::Interrupted,
    Outcome::Aborted,
];
const LEVELS: [Level; 3] = [Level::Notice, Level::Warning, Level::Error];
const CONSEQUENCES: [Consequence; 4] =
    [Consequence::StopsTheUpgrade, Consequence::BrokenAfterwards, Consequence::SilentUntilUsed, Consequence::Advice];
const ACTIONS: [Action; 6] =
    [Action::Nothing, Action::Do, Action::Wait, Action::Gate, Action::Refuse, Action::NotYetKnown];
const RUN_STATES: [RunState; 8] = [
    RunState::NeverRun,
    RunState::Running,
    RunState::Stopped,
    RunState::Waiting,
    RunState::Unknown,
    RunState::Aborting,
    RunState::Finished,
    RunState::Aborted,
];
const OPERATION_STATES: [OperationState; 4] =
    [OperationState::Started, OperationState::Done, OperationState::Failed, OperationState::Unknown];
const PHASES: [Phase; 2] = [Phase::Binlog, Phase::Snapshot];
pub(crate) const KINDS: [Kind; 12] = [
    Kind::Usage,
    Kind::Refused,
    Kind::Transient,
    Kind::Permanent,
    Kind::Waiting,
    Kind::Locked,
    Kind::Drift,
    Kind::Conflict,
    Kind::Unknown,
    Kind::Interrupted,
    Kind::Terminated,
    Kind::Bug,
];

fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

/// Milliseconds, as clocks give them; a decimal text of them reads back to the same number.
fn seconds() -> impl Strategy<Value = f64> {
    (0_u32..400_000_000).prop_map(|millis| f64::from(millis) / 1000.0)
}

fn outputs() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn error() -> impl Strategy<Value = Error> {
    let parts = (prop::sample::select(&KINDS[..]), text(), vec(text(), 0..3), option::of(text()), option::of(text()));
    parts.prop_map(|(kind, message, causes, unchanged, hint)| Error { kind, message, causes, unchanged, hint })
}

fn step_status() -> impl Strategy<Value = StepStatus> {
    let parts =
        (text(), text(), option::of(prop::sample::select(&OUTCOMES[..])), any::<bool>(), option::of(text()), outputs());
    parts.prop_map(|(id, kind, outcome, begun, reason, outputs)| StepStatus {
        id,
        kind,
        outcome,
        begun,
        reason,
        outputs,
    })
}

fn running() -> impl Strategy<Value = Body> {
    let names = vec((text(), text()).prop_map(|(id, kind)| StepName { id, kind }), 0..4);
    prop_oneof![
        (text(), text(), text(), names, any::<bool>()).prop_map(|(run, playbook, target, steps, resumed)| {
            Body::RunStarted { run, playbook, target, steps, resumed }
        }),
        (text(), text()).prop_map(|(step, kind)| Body::StepStarted { step, kind }),
        (text(), text(), text(), seconds(), option::of(seconds()), any::<bool>()).prop_map(
            |(step, awaited, seen, elapsed, budget, stalled)| Body::StepProgress {
                step,
                awaited,
                seen,
                elapsed,
                budget,
                stalled
            }
        ),
        (text(), text(), any::<u32>(), prop::sample::select(&OPERATION_STATES[..]), text()).prop_map(
            |(step, operation, attempt, state, what)| Body::Operation { step, operation, attempt, state, what }
        ),
        (option::of(text()), text()).prop_map(|(step, message)| Body::Warning { step, message }),
        (text(), text(), text()).prop_map(|(step, path, digest)| Body::Artifact { step, path, digest }),
        (text(), text(), prop::sample::select(&OUTCOMES[..]), option::of(text()), outputs(), seconds()).prop_map(
            |(step, kind, outcome, reason, outputs, elapsed)| Body::StepFinished {
                step,
                kind,
                outcome,
                reason,
                outputs,
                elapsed
            }
        ),
        (prop::sample::select(&OUTCOMES[..]), any::<u8>(), option::of(error()), option::of(text()))
            .prop_map(|(outcome, exit_code, error, next)| Body::RunFinished { outcome, exit_code, error, next }),
    ]
}

fn results() -> impl Strategy<Value = Body> {
    let finding = (
        (text(), prop::sample::select(&LEVELS[..]), prop::sample::select(&CONSEQUENCES[..])),
        (text(), text(), option::of(text()), option::of(text())),
    );
    let offset = (
        (text(), text(), any::<u64>(), any::<u64>(), any::<u64>()),
        (option::of(text()), option::of(any::<u32>()), prop::sample::select(&PHASES[..])),
    );
    prop_oneof![
        finding.prop_map(|((check, level, consequence), (object, message, fix, query))| {
            Body::Finding(Finding { check, level, consequence, object, message, fix, query })
        }),
        (text(), text(), prop::sample::select(&ACTIONS[..]), vec(text(), 0..3), text(), option::of(text()), text())
            .prop_map(|(step, kind, action, calls, what, why, undo)| Body::Proposal(Proposal {
                step,
                kind,
                action,
                calls,
                what,
                why,
                undo,
                table: None,
            })),
        (
            option::of(text()),
            text(),
            prop::sample::select(&RUN_STATES[..]),
            vec(step_status(), 0..3),
            option::of(text()),
            option::of(text())
        )
            .prop_map(|(run, playbook, state, steps, waits_for, next)| {
                Body::Status(Status { run, playbook, state, steps, waits_for, next })
            }),
        (text(), text(), text(), vec((text(), text()), 0..3), text()).prop_map(
            |(step, says, means, outputs, command)| {
                let outputs = outputs.into_iter().map(|(name, found)| ByHand { name, found }).collect();
                Body::Choice(Choice { step, says, means, outputs, command })
            }
        ),
        (
            (text(), text(), prop::sample::select(&LEVELS[..]), prop::sample::select(&CONSEQUENCES[..])),
            (text(), text(), text(), option::of(text())),
        )
            .prop_map(|((check, from, level, consequence), (title, about, upgrades, link))| {
                Body::Check(Check { check, from, level, consequence, title, about, upgrades, link })
            }),
        offset.prop_map(|((source, file, position, skip_events, skip_rows), (gtid_set, server_id, phase))| {
            Body::Offset(Offset { source, file, position, skip_events, skip_rows, gtid_set, server_id, phase })
        }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    // Years that RFC 3339 can write.
    let at = (-62_167_219_200_i64..253_402_300_799, 0_u32..1_000_000_000).prop_map(|(seconds, nanos)| {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap().replace_nanosecond(nanos).unwrap()
    });
    (any::<u64>(), at, prop_oneof![running(), results()]).prop_map(|(seq, at, body)| Event {
        v: VERSION,
        seq,
        at,
        body,
    })
}

proptest! {
    #[test]
    fn every_event_reads_back_as_it_was_written(event in event()) {
        let line = document(Format::Json, std::slice::from_ref(&event));
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    }

    #[test]
    fn any_list_of_events_can_be_reported(events in vec(event(), 0..12)) {
        for format in Format::ALL {
            drop(document(format, &events));
        }
        drop(upgrade::report::github_annotations(&events));
    }
}
