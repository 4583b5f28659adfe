//! The canonical event lists that every format is shown with.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, macros::datetime};
use upgrade::{
    error::{Error, Kind},
    event::{
        Action, Body, ByHand, Choice, Consequence, Event, Finding, Level, Offset, OperationState, Outcome, Phase,
        Proposal, RunState, Status, StepName, StepStatus, Table, VERSION,
    },
};

const START: OffsetDateTime = datetime!(2026-03-02 08:00:00.25 UTC);
const RUN: &str = "019cad5e-7c00-7abc-8def-0123456789ab";
const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// Numbers events and moves their clock.
#[derive(Default)]
pub(crate) struct Tape {
    events: Vec<Event>,
    seconds: f64,
}

impl Tape {
    pub(crate) fn add(mut self, body: Body) -> Self {
        let at = START + Duration::seconds_f64(self.seconds);
        self.events.push(Event { v: VERSION, seq: self.events.len() as u64 + 1, at, body });
        self
    }

    fn later(mut self, seconds: f64) -> Self {
        self.seconds += seconds;
        self
    }

    fn start(self, step: &str) -> Self {
        self.add(Body::StepStarted { step: step.into(), kind: step.into() })
    }

    fn finish(self, step: &str, outcome: Outcome, reason: Option<&str>, outputs: Value, elapsed: f64) -> Self {
        self.add(Body::StepFinished {
            step: step.into(),
            kind: step.into(),
            outcome,
            reason: reason.map(str::to_owned),
            outputs,
            elapsed,
        })
    }

    pub(crate) fn end(self) -> Vec<Event> {
        self.events
    }
}

pub(crate) fn run_started(steps: &[&str]) -> Body {
    Body::RunStarted {
        run: RUN.into(),
        playbook: "orders-57-to-80".into(),
        target: "aurora cluster orders in us-east-1".into(),
        steps: steps.iter().map(|id| StepName { id: (*id).into(), kind: (*id).into() }).collect(),
        resumed: false,
    }
}

fn progress(step: &str, awaited: &str, seen: &str, elapsed: f64, stalled: bool) -> Body {
    Body::StepProgress {
        step: step.into(),
        awaited: awaited.into(),
        seen: seen.into(),
        elapsed,
        budget: Some(21600.0),
        stalled,
    }
}

fn operation(step: &str, id: &str, attempt: u32, state: OperationState, what: &str) -> Body {
    Body::Operation { step: step.into(), operation: id.into(), attempt, state, what: what.into() }
}

fn charset() -> Finding {
    Finding {
        check: "mysql.charset.utf8mb3".into(),
        level: Level::Warning,
        consequence: Consequence::SilentUntilUsed,
        object: "shop.orders.note".into(),
        message: "The column uses utf8mb3, which the new version calls deprecated".into(),
        fix: Some("ALTER TABLE shop.orders\n  MODIFY note TEXT CHARACTER SET utf8mb4;".into()),
        query: Some("SELECT * FROM information_schema.columns WHERE character_set_name = 'utf8'".into()),
    }
}

fn offset(source: &str, position: u64) -> Offset {
    Offset {
        source: source.into(),
        file: "mysql-bin-changelog.000042".into(),
        position,
        skip_events: 2,
        skip_rows: 1,
        gtid_set: None,
        server_id: Some(1_870_921_213),
        phase: Phase::Binlog,
    }
}

/// Skips, a wait, a stall, a second attempt, a warning, a finding, an artifact, offsets, and a failure.
pub(crate) fn failed() -> Vec<Event> {
    let steps = [
        "precheck",
        "create_blue_green",
        "sync_parameter_group",
        "stop_cdc_jobs",
        "switchover",
        "capture_coordinates",
        "submit_cdc_jobs",
    ];
    let creating = "blue/green deployment orders-80 PROVISIONING, green cluster creating";
    let error = Error::new(Kind::Permanent, "Expected the switchover to complete, saw SWITCHOVER_FAILED")
        .cause("Switchover timed out: replication lag 12 s was over the limit")
        .unchanged("Blue serves as before; RDS rolled every change back")
        .hint("Lower the write load or raise `max_lag`, then run the playbook again");
    Tape::default()
        .add(run_started(&steps))
        .start("precheck")
        .later(12.4)
        .add(Body::Finding(charset()))
        .finish("precheck", Outcome::Succeeded, None, json!({}), 12.4)
        .start("create_blue_green")
        .add(operation("create_blue_green", "create", 1, OperationState::Started, "Create the deployment orders-80"))
        .add(operation("create_blue_green", "create", 1, OperationState::Unknown, "Create the deployment orders-80"))
        .add(operation("create_blue_green", "create", 2, OperationState::Started, "Create the deployment orders-80"))
        .add(operation("create_blue_green", "create", 2, OperationState::Done, "Create the deployment orders-80"))
        .later(2.0)
        .add(progress("create_blue_green", "the green cluster", creating, 2.0, false))
        .later(1.0)
        .add(progress("create_blue_green", "the green cluster", creating, 3.0, false))
        .later(1497.0)
        .add(progress("create_blue_green", "the green cluster", creating, 1500.0, true))
        .add(Body::Warning {
            step: Some("create_blue_green".into()),
            message: "The state `storage-initialisation` is not known to this version; waiting goes on".into(),
        })
        .later(972.0)
        .finish(
            "create_blue_green",
            Outcome::Succeeded,
            None,
            json!({"deployment": "bgd-1a2b3c", "green": "orders-green-x1y2z3"}),
            2472.0,
        )
        .finish(
            "sync_parameter_group",
            Outcome::Skipped,
            Some("Every parameter is in sync and in effect"),
            json!({}),
            0.0,
        )
        .start("stop_cdc_jobs")
        .later(8.1)
        .add(Body::Offset(offset("shop.orders,shop.lines", 19_463)))
        .add(Body::Artifact {
            step: "stop_cdc_jobs".into(),
            path: "artifacts/orders-to-target.sql".into(),
            digest: DIGEST.into(),
        })
        .finish(
            "stop_cdc_jobs",
            Outcome::Succeeded,
            None,
            json!({"savepoints": {"orders-to-target": "s3://bucket/savepoints/savepoint-1"}}),
            8.1,
        )
        .start("switchover")
        .add(operation("switchover", "switchover", 1, OperationState::Started, "Switch orders over to green"))
        .later(301.0)
        .finish("switchover", Outcome::Failed, Some("RDS rolled the switchover back"), Value::Null, 301.0)
        .add(Body::RunFinished {
            outcome: Outcome::Failed,
            exit_code: 4,
            error: Some(error),
            next: Some("upgrade run orders.yaml".into()),
        })
        .end()
}

/// A second call that finishes the run.
pub(crate) fn succeeded() -> Vec<Event> {
    let earlier = Some("Done in an earlier call");
    Tape::default()
        .add(Body::RunStarted {
            run: RUN.into(),
            playbook: "orders-57-to-80".into(),
            target: "aurora cluster orders in us-east-1".into(),
            steps: [
                ("switchover", "switchover"),
                ("coordinates", "capture_coordinates"),
                ("submit_cdc_jobs", "submit_cdc_jobs"),
            ]
            .map(|(id, kind)| StepName { id: id.into(), kind: kind.into() })
            .into(),
            resumed: true,
        })
        .finish("switchover", Outcome::Skipped, earlier, json!({"switched_over_at": "2026-03-02T09:11:12Z"}), 0.0)
        .add(Body::StepStarted { step: "coordinates".into(), kind: "capture_coordinates".into() })
        .later(3.2)
        .add(Body::StepFinished {
            step: "coordinates".into(),
            kind: "capture_coordinates".into(),
            outcome: Outcome::Succeeded,
            reason: None,
            outputs: json!({"file": "mysql-bin-changelog.000003", "position": 154, "gtid_set": null}),
            elapsed: 3.2,
        })
        .start("submit_cdc_jobs")
        .later(41.0)
        .finish("submit_cdc_jobs", Outcome::Succeeded, None, json!({"jobs": ["a1b2c3"]}), 41.0)
        .add(Body::RunFinished { outcome: Outcome::Succeeded, exit_code: 0, error: None, next: None })
        .end()
}

/// A run that stops at a gate.
pub(crate) fn waiting() -> Vec<Event> {
    let error = Error::new(Kind::Waiting, "Expected consent to `approve`, none was given yet")
        .unchanged("Blue serves as before; green is ready and follows it");
    Tape::default()
        .add(run_started(&["precheck", "approve", "switchover"]))
        .start("precheck")
        .later(9.0)
        .finish("precheck", Outcome::Succeeded, None, json!({}), 9.0)
        .start("approve")
        .finish("approve", Outcome::Waiting, Some("Waits for consent until 2026-03-03 08:00 UTC"), Value::Null, 0.1)
        .add(Body::RunFinished {
            outcome: Outcome::Waiting,
            exit_code: 5,
            error: Some(error),
            next: Some("upgrade approve orders.yaml approve".into()),
        })
        .end()
}

/// The call after it, which ends before its last step.
pub(crate) fn continued() -> Vec<Event> {
    Tape::default()
        .later(3600.0)
        .add(run_started(&["precheck", "approve", "switchover"]))
        .finish("precheck", Outcome::Skipped, Some("Done in an earlier call"), json!({}), 0.0)
        .start("approve")
        .finish("approve", Outcome::Succeeded, Some("Approved by erin"), json!({}), 0.1)
        .add(Body::RunFinished {
            outcome: Outcome::Succeeded,
            exit_code: 0,
            error: None,
            next: Some("upgrade run orders.yaml".into()),
        })
        .end()
}

/// A verb whose only event is its end.
pub(crate) fn failed_at_once() -> Vec<Event> {
    Tape::default()
        .add(Body::RunFinished {
            outcome: Outcome::Failed,
            exit_code: 6,
            error: Some(Error::new(Kind::Locked, "Another run holds this target")),
            next: Some("upgrade status orders.yaml".into()),
        })
        .end()
}

/// A list that breaks off, as after a killed process.
pub(crate) fn broken_off() -> Vec<Event> {
    let mut events = failed();
    let create = events.iter().position(|event| matches!(event.body, Body::StepProgress { stalled: true, .. }));
    events.truncate(create.unwrap() + 1);
    events
}

/// A dry run with every kind of action.
fn parameters() -> Table {
    let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
    Table {
        columns: row(["parameter", "blue", "green", "why"]),
        rows: vec![
            row(["query_cache_size", "1048576", "–", "dropped: gone since 8.0.3: there is no query cache any more"]),
            row(["local_infile", "ON", "OFF", "new default: LOAD DATA LOCAL is refused"]),
            row(["tx_isolation → transaction_isolation", "READ-COMMITTED", "READ-COMMITTED", "renamed"]),
        ],
    }
}

pub(crate) fn plan() -> Vec<Event> {
    let proposal = |step: &str, action, calls: &[&str], what: &str, why: Option<&str>, undo: &str| {
        Body::Proposal(Proposal {
            step: step.into(),
            kind: step.into(),
            action,
            calls: calls.iter().map(|call| (*call).into()).collect(),
            what: what.into(),
            why: why.map(str::to_owned),
            undo: undo.into(),
            table: (step == "sync_parameter_group").then(parameters),
        })
    };
    let refused = Finding {
        check: "cdc.binlog_format".into(),
        level: Level::Error,
        consequence: Consequence::StopsTheUpgrade,
        object: "binlog_format".into(),
        message: "Expected ROW, saw MIXED".into(),
        fix: Some("Set binlog_format = ROW in the parameter group orders-57".into()),
        query: Some("SHOW GLOBAL VARIABLES LIKE 'binlog_format'".into()),
    };
    Tape::default()
        .add(run_started(&[
            "precheck",
            "create_blue_green",
            "sync_parameter_group",
            "reboot_green",
            "approve",
            "switchover",
        ]))
        .add(Body::Finding(charset()))
        .add(Body::Finding(refused))
        .add(proposal(
            "precheck",
            Action::Refuse,
            &[],
            "Look for what stops or breaks the upgrade",
            Some("1 finding stops the upgrade"),
            "Nothing to undo",
        ))
        .add(proposal(
            "create_blue_green",
            Action::Do,
            &["rds:CreateDBClusterParameterGroup", "rds:CreateBlueGreenDeployment"],
            "Create the deployment orders-80 from cluster orders",
            None,
            "The deployment and green can be deleted; blue is untouched",
        ))
        .add(proposal(
            "sync_parameter_group",
            Action::Nothing,
            &[],
            "Bring the parameters of green in line with blue",
            Some("Every parameter is in sync"),
            "Nothing to undo",
        ))
        .add(proposal(
            "reboot_green",
            Action::NotYetKnown,
            &["rds:RebootDBInstance"],
            "Restart green where a parameter waits for it",
            Some("Green does not exist yet"),
            "Nothing to undo",
        ))
        .add(proposal("approve", Action::Gate, &[], "Stop until a person consents", None, "Consent expires after 24h"))
        .add(proposal(
            "switchover",
            Action::Wait,
            &["rds:SwitchoverBlueGreenDeployment"],
            "Switch orders over to green",
            None,
            "Cannot be undone: after it green serves",
        ))
        .add(Body::RunFinished {
            outcome: Outcome::Succeeded,
            exit_code: 0,
            error: None,
            next: Some("upgrade plan orders.yaml".into()),
        })
        .end()
}

pub(crate) fn status() -> Vec<Event> {
    let step = |id: &str, begun, outcome, reason: Option<&str>, outputs| StepStatus {
        id: id.into(),
        kind: id.into(),
        outcome,
        begun,
        reason: reason.map(str::to_owned),
        outputs,
    };
    let status = Status {
        run: Some(RUN.into()),
        playbook: "orders-57-to-80".into(),
        state: RunState::Waiting,
        steps: vec![
            step("precheck", true, Some(Outcome::Succeeded), None, json!({})),
            step("create_blue_green", true, Some(Outcome::Succeeded), None, json!({"deployment": "bgd-1a2b3c"})),
            step("approve", true, Some(Outcome::Waiting), Some("Waits for consent"), Value::Null),
            step("switchover", false, None, None, Value::Null),
        ],
        waits_for: Some("consent to `approve`, until 2026-03-03 08:00 UTC".into()),
        next: Some("upgrade approve orders.yaml approve".into()),
    };
    Tape::default().add(Body::Status(status)).end()
}

pub(crate) fn choices() -> Vec<Event> {
    let choice = |says: &str, means: &str, outputs: Vec<ByHand>, more: &str| {
        Body::Choice(Choice {
            step: "capture_coordinates".into(),
            says: says.into(),
            means: means.into(),
            outputs,
            command: format!(
                "upgrade resolve orders.yaml capture_coordinates --as {says} --reason 'Looked at by hand'{more}"
            ),
        })
    };
    let by_hand = |name: &str, found: &str| ByHand { name: name.into(), found: found.into() };
    let outputs = vec![by_hand("file", "In the RDS event"), by_hand("position", "In the same event; a number")];
    Tape::default()
        .add(choice("done", "What the step is for is so", outputs, " --output file=FILE --output position=POSITION"))
        .add(choice("retry", "`upgrade run` looks again", Vec::new(), ""))
        .add(choice("skip", "Go on with the next step without it", Vec::new(), ""))
        .add(Body::RunFinished {
            outcome: Outcome::Unknown,
            exit_code: 8,
            error: Some(
                Error::new(Kind::Unknown, "It is for a person to say what became of `capture_coordinates`")
                    .cause("RDS tells of 2 different coordinates: a:4, b:4")
                    .unchanged("Nothing was changed")
                    .hint("Look yourself, then type one of the commands above; the one below only looks again"),
            ),
            next: Some("upgrade run orders.yaml".into()),
        })
        .end()
}

pub(crate) fn offsets() -> Vec<Event> {
    let complete = Offset {
        phase: Phase::Snapshot,
        gtid_set: Some("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-77".into()),
        server_id: None,
        ..offset("crm.people", 4)
    };
    Tape::default().add(Body::Offset(offset("shop.orders,shop.lines", 19_463))).add(Body::Offset(complete)).end()
}

/// Text that would like to be more than text.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script> ]]> & \"q\" '\u{1b}[2J\u{1b}]0;owned\u{7}\n::error::forged\n##[error]forged |\n```\n# forged\r\u{202e}\u{0}";

/// Every text of a run, a plan, a status and an offset is hostile.
pub(crate) fn hostile() -> Vec<Event> {
    let text = || HOSTILE.to_owned();
    let finding = Finding {
        check: text(),
        level: Level::Error,
        consequence: Consequence::Advice,
        object: text(),
        message: text(),
        fix: Some(text()),
        query: Some(text()),
    };
    let error = Error::new(Kind::Permanent, text()).cause(text()).unchanged(text()).hint(text());
    let mut outputs = serde_json::Map::new();
    outputs.insert(text(), Value::String(text()));
    Tape::default()
        .add(Body::RunStarted {
            run: text(),
            playbook: text(),
            target: text(),
            steps: vec![StepName { id: text(), kind: "switchover".into() }],
            resumed: false,
        })
        .add(Body::StepStarted { step: text(), kind: text() })
        .add(Body::StepProgress {
            step: text(),
            awaited: text(),
            seen: text(),
            elapsed: 1.0,
            budget: None,
            stalled: true,
        })
        .add(operation(HOSTILE, HOSTILE, 2, OperationState::Unknown, HOSTILE))
        .add(Body::Finding(finding))
        .add(Body::Warning { step: Some(text()), message: text() })
        .add(Body::Artifact { step: text(), path: text(), digest: text() })
        .add(Body::Offset(Offset { gtid_set: Some(text()), file: text(), ..offset(HOSTILE, 4) }))
        .later(1.0)
        .add(Body::StepFinished {
            step: text(),
            kind: text(),
            outcome: Outcome::Failed,
            reason: Some(text()),
            outputs: Value::Object(outputs),
            elapsed: 1.0,
        })
        .add(Body::RunFinished { outcome: Outcome::Failed, exit_code: 4, error: Some(error), next: Some(text()) })
        .end()
}

/// The same for the results that are not runs.
pub(crate) fn hostile_results() -> Vec<Vec<Event>> {
    let text = || HOSTILE.to_owned();
    let proposal = Proposal {
        step: text(),
        kind: text(),
        action: Action::Do,
        calls: vec![text()],
        what: text(),
        why: Some(text()),
        undo: text(),
        table: Some(Table { columns: vec![text(), text()], rows: vec![vec![text(), text()]] }),
    };
    let step = StepStatus {
        id: text(),
        kind: text(),
        outcome: None,
        begun: true,
        reason: Some(text()),
        outputs: json!({"a": text()}),
    };
    let status = Status {
        run: Some(text()),
        playbook: text(),
        state: RunState::Stopped,
        steps: vec![step],
        waits_for: Some(text()),
        next: Some(text()),
    };
    vec![Tape::default().add(Body::Proposal(proposal)).end(), Tape::default().add(Body::Status(status)).end()]
}
