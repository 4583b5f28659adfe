//! The dry run: what each step would do, what is already true, what cannot be known yet and what cannot be undone.

use super::page::{Page, Role};
use crate::{
    event::{Action, Proposal, Table},
    report::{story::Story, words},
};

pub(super) fn write(story: &Story, page: &mut Page) {
    page.put(Role::Strong, "Plan");
    if let Some(run) = &story.run {
        page.plain(" for ").put(Role::Strong, &run.playbook);
        if !run.target.is_empty() {
            page.plain(": ").put(Role::Plain, &run.target);
        }
    }
    page.end();
    page.plain("Nothing was changed: a plan is given no means to change anything.").end();
    for (at, proposal) in story.proposals.iter().enumerate() {
        page.gap();
        one(at + 1, proposal, page);
    }
}

fn one(number: usize, proposal: &Proposal, page: &mut Page) {
    let word = words::action(proposal.action);
    page.plain(&format!("{number:>2}. ")).put(Role::Strong, &proposal.step);
    if proposal.kind != proposal.step {
        page.plain(" (").put(Role::Plain, &proposal.kind).plain(")");
    }
    page.plain(": ").put(Role::of(word), word).end();
    page.labelled(4, "what: ", Role::Plain, &proposal.what);
    for call in &proposal.calls {
        page.labelled(4, "calls:", Role::Plain, call);
    }
    if let Some(why) = &proposal.why {
        page.labelled(4, "why:  ", Role::Plain, why);
    }
    if proposal.action != Action::Nothing {
        page.labelled(4, "undo: ", Role::Plain, &proposal.undo);
    }
    if let Some(table) = &proposal.table {
        rows(table, page);
    }
}

/// A longer cell moves what stands behind it.
const WIDEST: usize = 36;

fn rows(table: &Table, page: &mut Page) {
    let last = table.columns.len().saturating_sub(1);
    let width = |at: usize| {
        let cells = std::iter::once(&table.columns).chain(&table.rows).filter_map(|row| row.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default().min(WIDEST)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    for (number, row) in std::iter::once(&table.columns).chain(&table.rows).enumerate() {
        page.blank(4);
        for (at, cell) in row.iter().enumerate() {
            page.put(if number == 0 { Role::Quiet } else { Role::Plain }, cell);
            if at < last {
                page.blank(widths.get(at).copied().unwrap_or_default().saturating_sub(cell.chars().count()) + 2);
            }
        }
        page.end();
    }
}

/// One line of counts, and the names of the steps that could not be looked into.
pub(super) fn sum_up(story: &Story, page: &mut Page) {
    let named = |action: Action| {
        let steps = story.proposals.iter().filter(|proposal| proposal.action == action);
        steps.map(|proposal| proposal.step.as_str()).collect::<Vec<_>>()
    };
    let counts = [Action::Do, Action::Wait, Action::Gate, Action::Nothing, Action::NotYetKnown, Action::Refuse]
        .into_iter()
        .map(|action| (named(action).len(), words::action(action)))
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect::<Vec<_>>();
    page.gap();
    page.put(Role::Strong, "Plan:").plain(" ").put(Role::Plain, &counts.join(", ")).end();
    let hidden = named(Action::NotYetKnown);
    if !hidden.is_empty() {
        page.put(Role::Strong, "Cannot be previewed before earlier steps have run:").plain(" ");
        page.put(Role::Plain, &hidden.join(", ")).end();
    }
}
