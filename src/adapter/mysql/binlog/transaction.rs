//! Events → transactions, and what of a transaction is the same on every server that logged it.

use std::sync::Arc;

use mysql_async::binlog::{
    EventType,
    events::{GtidEvent, PreviousGtidsEvent, QueryEvent},
};
use sha2::{Digest as _, Sha256};

use super::{
    image::{Change, Rows, Shape, Shapes},
    statement::{Class, classify, first_words},
    stream::Seen,
};
use crate::port::binlog::{Content, Place, Transaction};

/// A kind of event that a reader may pass over without knowing it carries this flag.
const IGNORABLE: u16 = 0x80;

pub(super) struct Assembler {
    shapes: Shapes,
    open: Option<Open>,
    /// Behind the last whole transaction, or whatever else stands between two.
    end: Place,
}

struct Open {
    start: Place,
    server_id: u32,
    gtid: Option<String>,
    /// Goes on until its end is told, and not only for one statement.
    begun: bool,
    opaque: Option<String>,
    definition: Option<(String, String)>,
    rows: RowsHash,
}

impl Assembler {
    pub(super) fn new(from: Place) -> Self {
        Self { shapes: Shapes::default(), open: None, end: from }
    }

    /// Where reading must go on.
    pub(super) fn end(self) -> Place {
        self.end
    }

    /// The transaction that ends with this event.
    pub(super) fn take(&mut self, seen: &Seen) -> Result<Option<Transaction>, String> {
        use EventType::*;
        let kind = EventType::try_from(seen.kind).ok();
        if let Some(change) = Change::of(seen.kind) {
            return self.rows(seen, change).map(|()| None);
        }
        match kind {
            Some(ROTATE_EVENT | STOP_EVENT | FORMAT_DESCRIPTION_EVENT | PREVIOUS_GTIDS_EVENT) => {
                // What was not whole when its file ended never happened.
                self.open = None;
                if kind == Some(FORMAT_DESCRIPTION_EVENT) {
                    self.shapes.clear();
                }
                if seen.end > seen.place.position {
                    self.end = Place { file: seen.place.file.clone(), position: seen.end };
                }
                return Ok(None);
            }
            Some(HEARTBEAT_EVENT) => return Ok(None),
            Some(GTID_EVENT | ANONYMOUS_GTID_EVENT | GTID_TAGGED_LOG_EVENT) => return self.begin(seen, kind),
            Some(TABLE_MAP_EVENT) => {
                self.current()?;
                return self.shapes.learn(seen).map(|()| None);
            }
            Some(XID_EVENT) => {
                self.current()?;
                return Ok(self.finish(seen));
            }
            Some(QUERY_EVENT) => return self.query(seen),
            Some(INTVAR_EVENT | RAND_EVENT | USER_VAR_EVENT) => {
                self.open_at(seen);
            }
            Some(ROWS_QUERY_EVENT | IGNORABLE_EVENT | TRANSACTION_CONTEXT_EVENT | VIEW_CHANGE_EVENT) => {}
            Some(TRANSACTION_PAYLOAD_EVENT) => {
                self.open_at(seen);
            }
            Some(XA_PREPARE_LOG_EVENT) => {
                self.open_at(seen).opaque("a prepared XA transaction");
                return Ok(self.finish(seen));
            }
            Some(PARTIAL_UPDATE_ROWS_EVENT) => self.open_at(seen).opaque("an update of parts of JSON values"),
            Some(INCIDENT_EVENT) => {
                self.open_at(seen).opaque("the server says that something is missing here (an incident event)");
                return Ok(self.finish(seen));
            }
            Some(BEGIN_LOAD_QUERY_EVENT | APPEND_BLOCK_EVENT | DELETE_FILE_EVENT) => {
                self.open_at(seen).opaque("LOAD DATA, logged as a statement");
            }
            Some(EXECUTE_LOAD_QUERY_EVENT) => {
                let open = self.open_at(seen);
                open.opaque("LOAD DATA, logged as a statement");
                if !open.begun {
                    return Ok(self.finish(seen));
                }
            }
            _ if seen.event.header().flags_raw() & IGNORABLE != 0 => {}
            _ => self.open_at(seen).opaque(&format!("an event of kind {}, which is not known", seen.kind)),
        }
        Ok(None)
    }

    fn begin(&mut self, seen: &Seen, kind: Option<EventType>) -> Result<Option<Transaction>, String> {
        let unfinished = self.open.take().map(|mut open| {
            open.opaque("its end is not in the log");
            open.into_transaction(seen.place.clone())
        });
        let mut open = Open::at(seen);
        if kind != Some(EventType::ANONYMOUS_GTID_EVENT) {
            let event: GtidEvent = seen.event.read_event().map_err(|error| error.to_string())?;
            open.gtid = Some(gtid(&event));
        }
        self.open = Some(open);
        Ok(unfinished)
    }

    /// The transaction that is open; a log that is read from the middle of one has none.
    fn current(&self) -> Result<&Open, String> {
        self.open.as_ref().ok_or_else(|| "this is the middle of a transaction, and not its begin".to_owned())
    }

    fn open_at(&mut self, seen: &Seen) -> &mut Open {
        self.open.get_or_insert_with(|| Open::at(seen))
    }

    fn query(&mut self, seen: &Seen) -> Result<Option<Transaction>, String> {
        let event: QueryEvent<'_> = seen.event.read_event().map_err(|error| error.to_string())?;
        let (schema, statement) = (event.schema(), event.query());
        let statement = statement.trim();
        let mut words = statement.split_ascii_whitespace().map(str::to_ascii_uppercase);
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let open = self.open_at(seen);
        match (first.as_str(), second.as_str()) {
            ("BEGIN", _) => open.begun = true,
            ("COMMIT", _) => return Ok(self.finish(seen)),
            ("ROLLBACK", "TO") => open.rolled_back(),
            ("ROLLBACK", _) => {
                open.rolled_back();
                return Ok(self.finish(seen));
            }
            ("SAVEPOINT" | "RELEASE", _) => {}
            ("XA", "START" | "BEGIN") => {
                open.begun = true;
                open.opaque("a prepared XA transaction");
            }
            ("XA", "END") => {}
            ("XA", _) => {
                open.opaque("the end of a prepared XA transaction");
                return Ok(self.finish(seen));
            }
            _ => {
                match classify(&schema, statement) {
                    Class::Nothing => {}
                    Class::Definition(of) => {
                        open.definition.get_or_insert((of, first_words(statement)));
                    }
                    Class::Rows => open.opaque(&format!("logged as a statement: {}", first_words(statement))),
                    Class::Unknown => open.opaque(&format!("an unknown statement: {}", first_words(statement))),
                }
                // A table that is made with its rows is one transaction with them.
                open.begun |= statement.to_ascii_uppercase().ends_with("START TRANSACTION");
                if !open.begun {
                    return Ok(self.finish(seen));
                }
            }
        }
        Ok(None)
    }

    fn rows(&mut self, seen: &Seen, change: Change) -> Result<(), String> {
        self.current()?;
        let rows = Rows::read(seen.kind, change, seen.event.data())?;
        if rows.is_empty() {
            return Ok(());
        }
        let shape = self.shapes.of(&rows)?;
        let open = self.open.as_mut().expect("looked at above");
        if shape.own {
            return Ok(());
        }
        if let Err(why) = open.rows.add(shape, &rows) {
            open.opaque(&why);
        }
        Ok(())
    }

    fn finish(&mut self, seen: &Seen) -> Option<Transaction> {
        let end = Place { file: seen.place.file.clone(), position: seen.end };
        self.end = end.clone();
        Some(self.open.take()?.into_transaction(end))
    }
}

impl Open {
    fn at(seen: &Seen) -> Self {
        Self {
            start: seen.place.clone(),
            server_id: seen.event.header().server_id(),
            gtid: None,
            begun: false,
            opaque: None,
            definition: None,
            rows: RowsHash::default(),
        }
    }

    fn opaque(&mut self, why: &str) {
        self.opaque.get_or_insert_with(|| why.to_owned());
    }

    /// What could be undone is not logged; so something could not.
    fn rolled_back(&mut self) {
        if self.rows.count > 0 {
            self.opaque("rolled back, with changes that could not be undone");
        }
    }

    fn into_transaction(self, end: Place) -> Transaction {
        let content = match (self.opaque, self.definition) {
            (Some(why), _) => Content::Opaque(why),
            (None, Some((schema, statement))) => Content::Definition { schema, statement },
            (None, None) if self.rows.count == 0 => Content::Nothing,
            (None, None) => {
                let rows = self.rows.count;
                Content::Rows { fingerprint: self.rows.fingerprint(), rows }
            }
        };
        Transaction { start: self.start, end, server_id: self.server_id, gtid: self.gtid, content }
    }
}

/// Over runs of rows of one table and one kind of change, however they are cut into events.
///
/// Within a run the order does not count: a replica may apply the rows of an event to a table without key in the order
/// in which it finds them.
#[derive(Default)]
struct RowsHash {
    whole: Sha256,
    run: Option<Run>,
    count: u64,
}

struct Run {
    shape: Arc<Shape>,
    change: Change,
    present: Vec<u8>,
    sum: u128,
    rows: u64,
}

impl RowsHash {
    fn add(&mut self, shape: &Arc<Shape>, rows: &Rows<'_>) -> Result<(), String> {
        let goes_on = self.run.as_ref().is_some_and(|run| {
            let same =
                Arc::ptr_eq(&run.shape, shape) || (run.shape.schema == shape.schema && run.shape.table == shape.table);
            same && run.change == rows.change && run.present == rows.present
        });
        if !goes_on {
            self.end_run();
        }
        let run = self.run.get_or_insert_with(|| Run {
            shape: Arc::clone(shape),
            change: rows.change,
            present: rows.present.clone(),
            sum: 0,
            rows: 0,
        });
        rows.each(shape, |images| {
            run.sum = run.sum.wrapping_add(short(Sha256::digest(images).as_slice()));
            run.rows += 1;
            self.count += 1;
        })
    }

    fn end_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        for text in [run.shape.schema.as_bytes(), run.shape.table.as_bytes(), &[run.change as u8], &run.present] {
            self.whole.update((text.len() as u64).to_le_bytes());
            self.whole.update(text);
        }
        self.whole.update(run.sum.to_le_bytes());
        self.whole.update(run.rows.to_le_bytes());
    }

    fn fingerprint(mut self) -> u128 {
        self.end_run();
        short(self.whole.finalize().as_slice())
    }
}

/// The first 128 bits.
fn short(digest: &[u8]) -> u128 {
    let bytes = digest.first_chunk::<16>().expect("a digest has 32 bytes");
    u128::from_le_bytes(*bytes)
}

fn gtid(event: &GtidEvent) -> String {
    match event.tag() {
        None => format!("{}:{}", uuid(event.sid()), event.gno()),
        Some(tag) => format!("{}:{}:{}", uuid(event.sid()), tag.as_str(), event.gno()),
    }
}

/// As the server prints it, save for the line breaks.
pub(super) fn gtid_set(event: &PreviousGtidsEvent<'_>) -> String {
    let of_one = |sid: &mysql_async::binlog::events::PreviousGtidsSid<'_>| {
        let mut text = uuid(sid.uuid());
        if let Some(tag) = sid.tag() {
            text.push_str(&format!(":{}", tag.as_str()));
        }
        for interval in sid.intervals() {
            // The end is the first that is not in it.
            match (interval.start(), interval.end() - 1) {
                (first, last) if first == last => text.push_str(&format!(":{first}")),
                (first, last) => text.push_str(&format!(":{first}-{last}")),
            }
        }
        text
    };
    event.sids().iter().map(of_one).collect::<Vec<_>>().join(",")
}

/// Two sets written as one; what is in both stands there twice.
pub(super) fn joined(a: &str, b: &str) -> String {
    [a, &b.replace('\n', "")].into_iter().filter(|set| !set.is_empty()).collect::<Vec<_>>().join(",")
}

fn uuid(bytes: [u8; 16]) -> String {
    uuid::Uuid::from_bytes(bytes).hyphenated().to_string()
}
