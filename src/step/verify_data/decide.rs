//! The decision, pure: which table is next, and what the rows say that were not equal.

use super::{
    Operation, Outputs, REPORT, Told, Verified, VerifyData,
    green::Alone,
    look::{Observation, Seen},
    settle::Rows,
};
use crate::{
    error::Error,
    event::{Consequence, Finding, Level},
    playbook::{Of, Scope},
    step::contract::{Attempts, Done, Fate, Known, Next},
    verify::{Compared, Progress},
};

type Decision = Next<Operation, Outputs>;

/// Keys that stand in the message.
const FIRST: usize = 5;

pub(super) fn decide(step: &VerifyData, seen: &Observation, known: &Known, done: &Attempts<Operation>) -> Decision {
    if let Some(lone) = &seen.lone {
        return match lone.at_rest {
            true => Next::Refuse(lone.tables.iter().map(alone).collect()),
            false => Next::Wait {
                awaited: "green to apply what blue has logged".to_owned(),
                seen: format!("{} tables on one side alone", lone.tables.len()),
            },
        };
    }
    if let Some((pair, table)) = seen
        .tables
        .iter()
        .enumerate()
        .find(|(_, table)| !table.advanced.as_ref().is_some_and(|found| found.progress.done))
    {
        return Next::Do(compare(pair, table));
    }
    if let Some(rows) = &seen.rows {
        let unequal = unequal(&rows.seen);
        if !rows.at_rest {
            let awaited = "the sinks to catch up with the rows that are not equal yet".to_owned();
            return Next::Wait { awaited, seen: standing(&rows.seen) };
        }
        if unequal > 0 && rows.seen.settled > 0 || rows.more {
            return differ(step.settings.of, rows, known, done);
        }
    }
    let keyless: Vec<&Seen> = seen.tables.iter().filter(|table| is_different_as_a_whole(table)).collect();
    if let Some(table) = keyless.first() {
        return Next::Fail(
            Error::permanent(format!("{} tables without a key differ: {}", keyless.len(), names(&keyless)))
                .cause(format!(
                    "{} has {} rows and {} has {}, and not each of them as often",
                    table.source, rows_of(table).0, table.sink, rows_of(table).1
                ))
                .unchanged("Nothing was changed; a table without a key is compared as it stands at one moment of each side")
                .hint("Where applications write to it, hold them back and run it again with `--new-run`; else copy the table anew"),
        );
    }
    let findings = refusals(step, seen);
    if !findings.is_empty() {
        return Next::Refuse(findings);
    }
    Next::Done(Done::new(outputs(step, seen)).warnings(warnings(seen)))
}

fn compare(pair: usize, table: &Seen) -> Operation {
    let progress = table.advanced.as_ref().map(|advanced| advanced.progress.clone()).unwrap_or_default();
    let left = left(&progress);
    let (source, sink) = (table.source.clone(), table.sink.clone());
    Operation::Compare { pair, source, sink, number: table.operations + 1, progress, left }
}

/// `, 450000 of about 1000000 rows done at 900000 rows/s, 1 s left`
fn left(progress: &Progress) -> String {
    let (rows, all) = (progress.rows.0, progress.estimate.max(progress.rows.0));
    let Some(speed) = (rows * 1_000).checked_div(progress.took_ms).filter(|speed| *speed > 0) else {
        return String::new();
    };
    format!(", {rows} of about {all} rows done at {speed} rows/s, {} s left", (all - rows).div_ceil(speed))
}

fn unequal(seen: &Compared) -> u64 {
    seen.missing + seen.extra + seen.different
}

/// `7 rows not equal yet: 6 missing, 0 extra, 1 different`
fn standing(seen: &Compared) -> String {
    let Compared { missing, extra, different, .. } = seen;
    format!("{} rows not equal yet: {missing} missing, {extra} extra, {different} different", unequal(seen))
}

fn differ(of: Of, rows: &Rows, known: &Known, done: &Attempts<Operation>) -> Decision {
    let seen = &rows.seen;
    let settled = seen.differences.iter().filter(|found| found.settled);
    let first = settled.take(FIRST).map(|found| format!("{} {}", found.table, found.key)).collect();
    let told = Told { missing: seen.missing, extra: seen.extra, different: seen.different, first, more: rows.more };
    // An earlier call may have written down others, which have been mended since.
    let this_call = done.0.iter().skip(known.earlier);
    if !this_call.into_iter().any(|last| last.id == REPORT && matches!(last.fate, Fate::Done(_))) {
        return Next::Do(Operation::Report { told });
    }
    let (one, many) = match of {
        Of::Jobs => ("row of the sinks differs from its source", "rows of the sinks differ from their sources"),
        Of::Green => ("row of green differs from blue", "rows of green differ from blue"),
    };
    let differ = match (unequal(seen), rows.more) {
        (1, false) => format!("1 {one}"),
        (count, false) => format!("{count} {many}"),
        (count, true) => format!("At least {count} {many}"),
    };
    let Told { missing, extra, different, first, .. } = told;
    let mut error = Error::permanent(format!("{differ}: {missing} missing, {extra} extra, {different} different"));
    error.causes = first;
    Next::Fail(error.unchanged("Nothing was changed on either side").hint(
        "See artifacts/verify/differences.json in the run's folder, and artifacts/verify/repair.sql, which nobody has run. \
         Once they are mended the same command looks at them again; `--new-run` compares everything anew",
    ))
}

fn is_different_as_a_whole(table: &Seen) -> bool {
    table.advanced.as_ref().is_some_and(|advanced| advanced.keyless && !advanced.progress.unequal.is_empty())
}

fn rows_of(table: &Seen) -> (u64, u64) {
    table.advanced.as_ref().map(|advanced| advanced.progress.rows).unwrap_or_default()
}

fn names(tables: &[&Seen]) -> String {
    tables.iter().map(|table| table.sink.as_str()).collect::<Vec<_>>().join(", ")
}

/// Tables of which no row was compared.
fn refusals(step: &VerifyData, seen: &Observation) -> Vec<Finding> {
    let fix = match (step.settings.of, step.settings.scope) {
        (Of::Green, _) => "Compare it by other means, and leave this step out; or name the other tables with `pairs:`",
        (Of::Jobs, Scope::All) => {
            "Leave it out by naming the others with `pairs:` of the step, and compare it by other means"
        }
        (Of::Jobs, Scope::Handover) => "Compare all rows, with `scope: all`",
    };
    let refused =
        seen.tables.iter().filter_map(|table| Some((&table.sink, table.advanced.as_ref()?.refused.as_ref()?)));
    let touched = seen.touched.refused.iter().map(|(what, why)| (what, why));
    refused.chain(touched).map(|(sink, why)| finding(sink, why, fix)).collect()
}

fn alone(table: &Alone) -> Finding {
    let Alone { table, on, lacks } = table;
    Finding {
        check: "one_side_alone".to_owned(),
        level: Level::Error,
        consequence: Consequence::Advice,
        object: table.clone(),
        message: format!("{table} is on {on} and not on {lacks}"),
        fix: Some(
            "See whether replication leaves it out, or somebody wrote to green; delete green and create it anew, or make \
             both sides the same"
                .to_owned(),
        ),
        query: None,
    }
}

fn finding(sink: &str, why: &str, fix: &str) -> Finding {
    Finding {
        check: "not_comparable".to_owned(),
        level: Level::Error,
        consequence: Consequence::Advice,
        object: sink.to_owned(),
        message: format!("{sink} cannot be compared: {why}"),
        fix: Some(fix.to_owned()),
        query: None,
    }
}

fn warnings(seen: &Observation) -> Vec<String> {
    let columns =
        seen.tables.iter().filter_map(|table| table.advanced.as_ref()).flat_map(|advanced| &advanced.not_compared);
    let touched = seen.touched.rows.iter().flat_map(|rows| &rows.seen.not_compared);
    let mut warnings: Vec<String> = columns
        .chain(&seen.unpaired)
        .chain(touched)
        .map(|(what, why)| format!("{what} was not compared: {why}"))
        .collect();
    let keyless = seen.tables.iter().filter(|table| table.advanced.as_ref().is_some_and(|advanced| advanced.keyless));
    warnings.extend(keyless.map(|table| {
        format!("{} has no key: how often each of its rows is there was compared, in one statement", table.sink)
    }));
    if let Some(rows) = seen.rows.as_ref().filter(|rows| unequal(&rows.seen) > 0) {
        warnings.push(format!("{} rows were changed again at each of many looks", unequal(&rows.seen)));
    }
    warnings
}

fn outputs(step: &VerifyData, seen: &Observation) -> Outputs {
    let verified = |table: &Seen| {
        let advanced = table.advanced.as_ref();
        let progress = advanced.map(|advanced| advanced.progress.clone()).unwrap_or_default();
        Verified {
            source: table.source.clone(),
            sink: table.sink.clone(),
            rows: progress.rows.0,
            chunks: progress.chunks,
            keyless: advanced.is_some_and(|advanced| advanced.keyless),
        }
    };
    let tables: Vec<Verified> = seen.tables.iter().map(verified).collect();
    let not_compared = seen.tables.iter().filter_map(|table| table.advanced.as_ref());
    let not_compared = not_compared.flat_map(|advanced| advanced.not_compared.clone());
    let touched = seen.touched.rows.iter().flat_map(|rows| rows.seen.not_compared.clone());
    Outputs {
        rows: tables.iter().map(|table| table.rows).chain(seen.touched.jobs.iter().map(|job| job.rows)).sum(),
        tables,
        touched: seen.touched.jobs.clone(),
        in_flight: seen.rows.as_ref().map_or(0, |rows| unequal(&rows.seen)),
        hash: step.hash(),
        not_compared: not_compared.chain(seen.unpaired.clone()).chain(touched).collect(),
    }
}
