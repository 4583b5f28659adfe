//! The tail of blue's log: from where the jobs stand to its frozen end.

use crate::{
    error::{Error, Result},
    event::Offset,
    handover::{
        gtid::{self, GtidSet},
        offset::{covers, earliest, is_clean, place},
        tail::Request,
    },
    port::mysql::{Address, Coordinates, Server},
    step::{
        contract::{Known, Read},
        stop_cdc_jobs, switchover,
    },
};

/// A log file of at most this many bytes holds its header and no transaction: the header has 154 to 157 without GTID, and the
/// smallest transaction more than a hundred.
pub(in crate::step) const HEADER: u64 = 200;

/// Reads the tails of the stopped jobs as far as both logs go now, so that little of it is left when green takes over.
/// For speed alone: what cannot be read now is told when it is needed.
pub(in crate::step) async fn read_ahead(
    read: &Read,
    known: &Known,
    (blue, blue_server): (&Address, &Server),
    (green, green_server): (&Address, &Server),
) {
    let Ok(Some(stopped)) = known.find::<stop_cdc_jobs::Outputs>("stop_cdc_jobs") else { return };
    let Ok(log) = read.binlog() else { return };
    for job in &stopped.jobs {
        if let Some(request) = request(&job.offsets, (blue, blue_server), (green, green_server)) {
            let _ = read.ahead.read_on(log, &request).await;
        }
    }
}

/// What has to be found on green for a job that stands at these offsets; `None` where they are not of one log.
pub(in crate::step) fn tail_request(offsets: &[Offset], switched: &switchover::Outputs) -> Option<Request> {
    let (blue, green) = (&switched.blue_server, &switched.green_server);
    request(offsets, (&switched.old_address, blue), (&switched.address, green))
}

fn request(
    offsets: &[Offset],
    (blue, blue_server): (&Address, &Server),
    (green, green_server): (&Address, &Server),
) -> Option<Request> {
    let from = earliest(offsets)?;
    Some(Request {
        blue: blue.clone(),
        green: green.clone(),
        blue_server_ids: vec![blue_server.server_id],
        green_server_id: green_server.server_id,
        from: place(from),
    })
}

/// Whether all sources have read blue to its end.
pub(in crate::step) fn cover(offsets: &[Offset], end: &Coordinates) -> bool {
    !offsets.is_empty() && offsets.iter().all(|offset| covers(offset, end))
}

/// A set as a server told it.
pub(in crate::step) fn gtid_set(text: &str, at: &Address) -> Result<GtidSet> {
    text.parse().map_err(|malformed: gtid::Malformed| {
        Error::permanent(format!("Expected a GTID set from MySQL at {at}, saw one that is not understood"))
            .cause(malformed.to_string())
    })
}

/// Whether a state with these offsets can be restored on a server that has executed, and has purged, these sets.
pub(in crate::step) fn restorable(
    offsets: &[Offset],
    executed: &GtidSet,
    purged: &GtidSet,
    green: &str,
) -> std::result::Result<(), String> {
    if offsets.is_empty() {
        return Err("No offset is known".to_owned());
    }
    for offset in offsets {
        let set = offset.gtid_set.as_deref().filter(|set| !set.is_empty());
        let set = set.ok_or_else(|| format!("The state of {} holds no GTID set", offset.source))?;
        let set: GtidSet = set.parse().map_err(|malformed: gtid::Malformed| malformed.to_string())?;
        gtid::restorable(&set, executed, purged, green, is_clean(offset))?;
    }
    Ok(())
}

/// The end of the old side's log, which must be blue's and must not grow any more.
pub(in crate::step) async fn frozen_end(read: &Read, switched: &switchover::Outputs) -> Result<Coordinates> {
    let mysql = read.mysql()?;
    let old = mysql.server(&switched.old_address).await?;
    if old.uuid != switched.blue_server.uuid {
        return Err(Error::drift(format!(
            "Expected blue ({}) at {}, saw server {}",
            switched.blue_server.uuid, switched.old_address, old.uuid
        ))
        .unchanged("No CDC job was started; the savepoints are kept")
        .hint("`upgrade resolve PLAYBOOK switchover --as retry --reason TEXT` looks again where the old side is"));
    }
    if !old.read_only {
        return Err(Error::drift(format!(
            "{} takes writes: its log has no end that a job could reach",
            switched.old_shown()
        ))
        .unchanged("No CDC job was started; the savepoints are kept")
        .hint("Set it read-only again, find out who wrote to it, then type the same command again"));
    }
    let end = mysql.log_end(&switched.old_address).await?.ok_or_else(|| {
        Error::drift(format!("{} shows no binary log", switched.old_shown()))
            .unchanged("No CDC job was started; the savepoints are kept")
    })?;
    if end.position > HEADER {
        return Ok(end);
    }
    // Old blue has rotated its log since: the end is that of the last file anybody wrote into.
    let files = mysql.log_files(&switched.old_address).await?;
    let before = files.iter().rev().skip_while(|file| file.name == end.file).find(|file| file.size > HEADER);
    Ok(before.map_or(end, |file| Coordinates { file: file.name.clone(), position: file.size, gtid_set: None }))
}
