//! What green's own log says of a job that reads it.

use std::{collections::HashSet, ops::ControlFlow};

use super::HEADER;
use crate::{
    error::{Kind, Result},
    event::{Offset, Phase},
    handover::offset::{is_clean, place, reaches},
    port::{
        binlog::{Content, Place, Transaction},
        mysql::{Address, Coordinates},
        rds::DeploymentFilter,
    },
    step::{contract::Read, switchover},
};

/// Whether committed offsets are places of green's log, or why not.
pub(in crate::step) type Ground = std::result::Result<(), String>;

/// Holds each offset against the log at `at`: the file is there, the place is not before `start`, and a transaction begins or
/// ends at it. `servers`: the ids that an event of that log may carry.
pub(in crate::step) async fn ground(
    read: &Read,
    at: &Address,
    servers: &[u32],
    start: &Place,
    offsets: &[Offset],
) -> Result<Ground> {
    let files = read.mysql()?.log_files(at).await?;
    let mut looked = HashSet::new();
    for offset in offsets {
        let place = place(offset);
        let shown = format!("{} is committed at {place}", offset.source);
        if offset.phase == Phase::Snapshot {
            return Ok(Err(format!("{} takes a snapshot", offset.source)));
        }
        if let Some(stray) = offset.server_id.filter(|id| !servers.contains(id)) {
            return Ok(Err(format!("{shown} with server_id {stray}, which is neither blue's nor green's")));
        }
        let Some(file) = files.iter().find(|file| file.name == place.file && place.position <= file.size) else {
            return Ok(Err(format!("{shown}, and the log at {at} does not reach it")));
        };
        if !reaches(&place, start) {
            return Ok(Err(format!("{shown}, which is before its start {start}")));
        }
        let at_edge = place.position <= HEADER || place.position == file.size;
        if !at_edge && looked.insert(place.clone()) && !begins(read, at, &place).await? {
            return Ok(Err(format!("{shown}, and no transaction begins or ends there in the log at {at}")));
        }
    }
    Ok(Ok(()))
}

/// Whether a transaction begins at this place; a reader that is not at an event's begin is refused by the server.
async fn begins(read: &Read, at: &Address, place: &Place) -> Result<bool> {
    let mut first = None;
    let mut each = |transaction: Transaction| {
        first = Some(transaction.start);
        ControlFlow::Break(())
    };
    match read.binlog()?.transactions(at, place, &mut each).await {
        Ok(_) => Ok(first.is_none_or(|first| first == *place || first.file != place.file)),
        Err(error) if error.kind == Kind::Transient => Err(error),
        Err(_) => Ok(false),
    }
}

/// Whether no rows were written behind this place: a job that starts there has nothing to read.
pub(in crate::step) async fn is_idle(read: &Read, at: &Address, place: &Place) -> Result<bool> {
    let mut idle = true;
    let mut each = |transaction: Transaction| match transaction.content {
        Content::Rows { .. } => {
            idle = false;
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    };
    read.binlog()?.transactions(at, place, &mut each).await?;
    Ok(idle)
}

/// Where the first rows begin that the server at `at` has written itself, with `server_id`, and not applied; `None` where the
/// log holds none up to its end. Looks at the begins of files, newest first, and reads one of them.
pub(in crate::step) async fn first_own(read: &Read, at: &Address, server_id: u32) -> Result<Option<Place>> {
    let log = read.binlog()?;
    let mut from = None;
    for file in log.files(at).await?.into_iter().rev() {
        let begin = Place { file: file.name, position: 4 };
        let mut origin = None;
        let mut each = |transaction: Transaction| match transaction.content {
            Content::Rows { .. } => {
                origin = Some(transaction.server_id);
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        };
        log.transactions(at, &begin, &mut each).await?;
        from = Some(begin);
        if origin.is_some_and(|origin| origin != server_id) {
            break;
        }
    }
    let Some(from) = from else { return Ok(None) };
    let mut first = None;
    let mut each = |transaction: Transaction| match transaction.content {
        Content::Rows { .. } if transaction.server_id == server_id => {
            first = Some(transaction.start);
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    };
    log.transactions(at, &from, &mut each).await?;
    Ok(first)
}

/// Whether the job has read a log to its end. A reader that has followed into a new file stands at its first byte until
/// something is written.
pub(in crate::step) fn at_end(offset: &Offset, end: Option<&Coordinates>) -> bool {
    let end = end.filter(|end| end.file == offset.file);
    is_clean(offset)
        && end
            .is_some_and(|end| end.position == offset.position || (end.position <= HEADER && offset.position <= HEADER))
}

/// What RDS says of the deployment; `None` where there is none.
pub(in crate::step) async fn deployment_status(read: &Read, switched: &switchover::Outputs) -> Result<Option<String>> {
    if switched.deployment.is_empty() {
        return Ok(None);
    }
    let filter = DeploymentFilter::Id(switched.deployment.clone());
    Ok(read.rds()?.deployments(&filter).await?.into_iter().next().map(|deployment| deployment.status))
}
