//! The story as the pages show it: words instead of codes, nothing left to decide in a template.

use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    story::{Step, Story, named},
    timeline::{self, Timeline},
    words,
};
use crate::{
    error::Error,
    event::{Finding, Offset, OperationState, Proposal, Status, Table},
};

#[derive(Debug, Serialize)]
pub(super) struct View {
    title: String,
    headline: String,
    /// `done`, `failed`, …: the class of the headline.
    outcome: &'static str,
    run: Option<String>,
    target: Option<String>,
    from: Option<String>,
    to: Option<String>,
    steps: Vec<StepView>,
    proposals: Vec<ProposalView>,
    waits_for: Option<String>,
    findings: Vec<FindingView>,
    warnings: Vec<WarningView>,
    artifacts: Vec<ArtifactView>,
    offsets: Vec<OffsetView>,
    error: Option<Error>,
    next: Option<String>,
    timeline: Option<Timeline>,
}

#[derive(Debug, Serialize)]
struct StepView {
    id: String,
    kind: Option<String>,
    word: &'static str,
    elapsed: String,
    reason: String,
    outputs: Vec<(String, String)>,
    operations: Vec<OperationView>,
}

#[derive(Debug, Serialize)]
struct OperationView {
    word: &'static str,
    what: String,
    attempt: u32,
}

#[derive(Debug, Serialize)]
struct ProposalView {
    step: String,
    word: &'static str,
    what: String,
    calls: Vec<String>,
    why: Option<String>,
    undo: String,
    table: Option<Table>,
}

#[derive(Debug, Serialize)]
struct FindingView {
    level: &'static str,
    consequence: &'static str,
    check: String,
    object: String,
    message: String,
    fix: Option<String>,
    query: Option<String>,
}

#[derive(Debug, Serialize)]
struct WarningView {
    step: Option<String>,
    message: String,
}

#[derive(Debug, Serialize)]
struct ArtifactView {
    step: String,
    path: String,
    digest: String,
}

#[derive(Debug, Serialize)]
struct OffsetView {
    source: String,
    phase: &'static str,
    file: String,
    position: u64,
    skip_events: u64,
    skip_rows: u64,
    server_id: String,
    gtid_set: String,
}

impl View {
    pub(super) fn of(story: &Story) -> Self {
        let status = story.status.as_ref();
        let run = story.run.as_ref();
        let end = story.end.as_ref();
        let plan = !story.proposals.is_empty();
        let mut findings = story.findings.iter().map(|found| &found.finding).collect::<Vec<_>>();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        Self {
            title: story.title().to_owned(),
            headline: story.headline(),
            outcome: end.map_or("open", |end| words::outcome(end.outcome)),
            run: run.map(|run| run.id.clone()).or(status.and_then(|status| status.run.clone())),
            target: run.map(|run| run.target.clone()).filter(|target| !target.is_empty()),
            from: story.first.and_then(moment),
            to: story.last.and_then(moment),
            // A plan's steps are its proposals.
            steps: match status {
                _ if plan => Vec::new(),
                Some(status) => of_status(status),
                None => story.steps.iter().map(step).collect(),
            },
            proposals: story.proposals.iter().map(proposal).collect(),
            waits_for: status.and_then(|status| status.waits_for.clone()),
            findings: findings.into_iter().map(finding).collect(),
            warnings: story
                .warnings
                .iter()
                .map(|warning| WarningView { step: warning.step.clone(), message: warning.message.clone() })
                .collect(),
            artifacts: story
                .artifacts
                .iter()
                .map(|artifact| ArtifactView {
                    step: artifact.step.clone(),
                    path: artifact.path.clone(),
                    digest: artifact.digest.clone(),
                })
                .collect(),
            offsets: story.offsets.iter().map(offset).collect(),
            error: end.and_then(|end| end.error.clone()),
            next: story.next().map(str::to_owned),
            timeline: timeline::of(story),
        }
    }

    /// The same with commands and statements as Markdown code blocks.
    pub(super) fn fenced(mut self, fence: fn(&str) -> String) -> Self {
        for finding in &mut self.findings {
            finding.fix = finding.fix.as_deref().map(fence);
            finding.query = finding.query.as_deref().map(fence);
        }
        self.next = self.next.as_deref().map(fence);
        self
    }
}

pub(super) fn moment(at: OffsetDateTime) -> Option<String> {
    at.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
}

fn step(step: &Step) -> StepView {
    StepView {
        id: step.id.clone(),
        kind: (step.kind != step.id).then(|| step.kind.clone()),
        word: step.word(),
        elapsed: if step.elapsed > 0.0 { words::seconds(step.elapsed) } else { String::new() },
        reason: step.reason.clone().unwrap_or_default(),
        outputs: step.outputs(),
        operations: step
            .operations
            .iter()
            .map(|operation| OperationView {
                word: match operation.state {
                    OperationState::Started => "begun",
                    state => words::operation(state),
                },
                what: operation.what.clone(),
                attempt: operation.attempt,
            })
            .collect(),
    }
}

fn of_status(status: &Status) -> Vec<StepView> {
    let view = |step: &crate::event::StepStatus| StepView {
        id: step.id.clone(),
        kind: (step.kind != step.id).then(|| step.kind.clone()),
        word: step.outcome.map_or(if step.begun { "begun" } else { "not begun" }, words::outcome),
        elapsed: String::new(),
        reason: step.reason.clone().unwrap_or_default(),
        outputs: named(&step.outputs),
        operations: Vec::new(),
    };
    status.steps.iter().map(view).collect()
}

fn proposal(proposal: &Proposal) -> ProposalView {
    ProposalView {
        step: proposal.step.clone(),
        word: words::action(proposal.action),
        what: proposal.what.clone(),
        calls: proposal.calls.clone(),
        why: proposal.why.clone(),
        undo: proposal.undo.clone(),
        table: proposal.table.clone(),
    }
}

fn finding(finding: &Finding) -> FindingView {
    FindingView {
        level: words::level(finding.level),
        consequence: words::consequence(finding.consequence),
        check: finding.check.clone(),
        object: finding.object.clone(),
        message: finding.message.clone(),
        fix: finding.fix.clone(),
        query: finding.query.clone(),
    }
}

fn offset(offset: &Offset) -> OffsetView {
    OffsetView {
        source: offset.source.clone(),
        phase: words::phase(offset.phase),
        file: offset.file.clone(),
        position: offset.position,
        skip_events: offset.skip_events,
        skip_rows: offset.skip_rows,
        server_id: offset.server_id.map_or("none".to_owned(), |id| id.to_string()),
        gtid_set: offset.gtid_set.clone().unwrap_or_else(|| "none".to_owned()),
    }
}
