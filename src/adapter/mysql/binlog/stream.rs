//! Events in the order of the log, each with the place where it begins.

use std::{
    cmp::Ordering,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

use futures_util::StreamExt as _;
use mysql_async::{
    BinlogStream, BinlogStreamRequest,
    binlog::{BinlogChecksumAlg, EventType, events::Event},
};
use tokio::time::timeout;

use super::super::{
    failure,
    rows::text,
    session::{self, Session},
};
use crate::{
    error::{Error, Result},
    port::binlog::Place,
};

/// The position of the first event of every file, behind the magic bytes.
pub(super) const BEGIN: u64 = 4;
/// The end of the log is told at once, so silence means that nobody is there any more.
const IDLE: Duration = Duration::from_secs(30);
/// Our server ids: a range of their own, above what people and AWS give.
const FIRST_SERVER_ID: u32 = 4_000_000_000;
const SERVER_IDS: u32 = 290_000_000;
/// Header fields that hold a position have 32 bits; a file that one transaction made longer goes on counting from 0.
const WRAP: u64 = 1 << 32;
const CHECKSUM: usize = 4;

pub(super) struct Stream<'a> {
    inner: BinlogStream,
    asked: session::Place<'a>,
    hidden: session::Hidden,
    /// Behind the last event.
    at: Place,
    /// Inside of a compressed transaction: its events have no places of their own.
    compressed: bool,
}

/// One event.
pub(super) struct Seen {
    /// As in the header; also of kinds that nobody knows.
    pub(super) kind: u8,
    pub(super) event: Event,
    /// Where it begins.
    pub(super) place: Place,
    /// Where the next one begins.
    pub(super) end: u64,
}

impl<'a> Stream<'a> {
    /// Asks for the log from `from` to the end it has when that is reached.
    pub(super) async fn open(mut session: Session<'a>, from: &Place) -> Result<Self> {
        let server_id = free_server_id(&mut session).await?;
        // We know checksums; newer servers look at the second name first.
        for name in ["master_binlog_checksum", "source_binlog_checksum"] {
            session.rows(&format!("SET @{name} = 'NONE'")).await?;
        }
        // The request has 32 bits for the position.
        let position = if from.position < WRAP { from.position.max(BEGIN) } else { BEGIN };
        let (conn, asked, hidden) = session.into_parts();
        let request = BinlogStreamRequest::new(server_id)
            .with_filename(from.file.as_bytes())
            .with_pos(position)
            .with_non_blocking();
        let inner = match timeout(session::QUERY, conn.get_binlog_stream(request)).await {
            Ok(Ok(inner)) => inner,
            Ok(Err(error)) => return Err(hidden.from(failure::of_reading(asked, from, &error))),
            Err(_) => return Err(failure::too_late(asked, &format!("the binary log from {from}"), session::QUERY)),
        };
        Ok(Self { inner, asked, hidden, at: Place { file: from.file.clone(), position }, compressed: false })
    }

    /// `None` at the end of the log.
    pub(super) async fn next(&mut self) -> Result<Option<Seen>> {
        match timeout(IDLE, self.inner.next()).await {
            Ok(None) => Ok(None),
            Ok(Some(Ok(event))) => Ok(Some(self.placed(event))),
            Ok(Some(Err(error))) => Err(self.hidden.from(failure::of_reading(self.asked, &self.at, &error))),
            Err(_) => Err(failure::too_late(self.asked, &format!("the binary log from {}", self.at), IDLE)),
        }
    }

    /// Behind the last event that was given out.
    pub(super) fn place(&self) -> &Place {
        &self.at
    }

    /// Whether `a` lies in the same file as `b` and before it. Files come in order, so that is all there is to ask.
    pub(super) fn is_before(&self, a: &Place, b: &Place) -> bool {
        a.file == b.file && a.position.cmp(&b.position) == Ordering::Less
    }

    pub(super) fn unreadable(&self, seen: &Seen, why: &str) -> Error {
        failure::unreadable(self.asked, &seen.place, why)
    }

    fn placed(&mut self, event: Event) -> Seen {
        let kind = event.header().event_type_raw();
        let place = self.at.clone();
        self.compressed &= !ends_compression(kind);
        if kind == EventType::ROTATE_EVENT as u8 {
            self.rotate(&event);
        } else if !self.compressed && kind != EventType::HEARTBEAT_EVENT as u8 {
            self.at.position = advanced(self.at.position, event.header().log_pos());
        }
        self.compressed |= kind == EventType::TRANSACTION_PAYLOAD_EVENT as u8;
        let end = if self.at.file == place.file { self.at.position } else { place.position };
        Seen { kind, event, place, end }
    }

    /// To the file that the event names.
    ///
    /// Whether an event that the server made up carries a checksum depends on the server, and not on the file, by which
    /// the driver goes: it may have cut off the end of the name, or left a checksum there.
    fn rotate(&mut self, event: &Event) {
        let Some((position, name)) = event.data().split_first_chunk::<8>() else { return };
        let mut name = name.to_vec();
        if let Some(cut) = event.checksum()
            && u32::from_le_bytes(cut) != event.calc_checksum(BinlogChecksumAlg::BINLOG_CHECKSUM_ALG_CRC32)
        {
            name.extend(cut);
        }
        let left = name.len() == self.at.file.len() + CHECKSUM && name.starts_with(self.at.file.as_bytes());
        if !left {
            self.at.file = String::from_utf8_lossy(&name).into_owned();
        }
        self.at.position = u64::from_le_bytes(*position);
    }
}

/// `log_pos` is that of the next event, or 0 where the server made the event up.
fn advanced(position: u64, log_pos: u32) -> u64 {
    if log_pos == 0 {
        return position;
    }
    let next = position - position % WRAP + u64::from(log_pos);
    if next < position { next + WRAP } else { next }
}

fn ends_compression(kind: u8) -> bool {
    use EventType::{
        ANONYMOUS_GTID_EVENT, FORMAT_DESCRIPTION_EVENT, GTID_EVENT, GTID_TAGGED_LOG_EVENT, PREVIOUS_GTIDS_EVENT,
        ROTATE_EVENT, STOP_EVENT, TRANSACTION_PAYLOAD_EVENT,
    };
    [
        ANONYMOUS_GTID_EVENT,
        FORMAT_DESCRIPTION_EVENT,
        GTID_EVENT,
        GTID_TAGGED_LOG_EVENT,
        PREVIOUS_GTIDS_EVENT,
        ROTATE_EVENT,
        STOP_EVENT,
        TRANSACTION_PAYLOAD_EVENT,
    ]
    .iter()
    .any(|known| *known as u8 == kind)
}

/// One that neither the server nor a replica that it knows of has: the server ends the older of two.
async fn free_server_id(session: &mut Session<'_>) -> Result<u32> {
    let statement = if session.version() >= (8, 0, 22) { "SHOW REPLICAS" } else { "SHOW SLAVE HOSTS" };
    let taken: Vec<u32> = match session.try_rows(statement).await? {
        Ok(rows) => rows.iter().filter_map(|row| text(row, &["Server_Id", "Server_id"])?.parse().ok()).collect(),
        Err(refusal) => return Err(session.refused(statement, refusal)),
    };
    let random = || RandomState::new().build_hasher().finish();
    Ok(std::iter::repeat_with(|| FIRST_SERVER_ID + (random() % u64::from(SERVER_IDS)) as u32)
        .find(|id| !taken.contains(id))
        .unwrap_or(FIRST_SERVER_ID))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_go_on_beyond_32_bits() {
        assert_eq!(advanced(4, 123), 123);
        assert_eq!(advanced(123, 0), 123, "made up");
        assert_eq!(advanced(WRAP - 10, 90), WRAP + 90);
        assert_eq!(advanced(WRAP + 90, 120), WRAP + 120);
    }
}
