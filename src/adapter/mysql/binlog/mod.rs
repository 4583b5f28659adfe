//! Binary logs through the replication protocol.
//!
//! A server hands its log to whoever says that it is a replica. That gives every transaction with its origin and its
//! row images, at the speed of the network; `SHOW BINLOG EVENTS` shows neither, and starts over for each page.

mod image;
mod json;
mod literal;
mod statement;
mod stream;
mod transaction;

use std::ops::ControlFlow;

use futures_util::FutureExt as _;
use mysql_async::binlog::{EventType, events::PreviousGtidsEvent};

use self::{literal::Decoder, stream::Stream, transaction::Assembler};
use super::{failure, read::Mysql, rows::cell};
use crate::port::{
    Reply,
    binlog::{BinlogRead, Place, RowChange, Transaction, Wanted},
    mysql::{Address, LogFile, MysqlRead as _},
};

impl BinlogRead for Mysql {
    fn files<'a>(&'a self, at: &'a Address) -> Reply<'a, Vec<LogFile>> {
        self.log_files(at)
    }

    fn transactions<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Place,
        each: &'a mut (dyn FnMut(Transaction) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Place> {
        async move {
            let mut stream = Stream::open(self.session(at).await?, from).await?;
            let mut assembler = Assembler::new(from.clone());
            while let Some(seen) = stream.next().await? {
                let transaction = assembler.take(&seen).map_err(|why| stream.unreadable(&seen, &why))?;
                if let Some(transaction) = transaction
                    && !stream.is_before(&transaction.start, from)
                    && each(transaction).is_break()
                {
                    break;
                }
            }
            // A transaction that is not whole yet begins here and will be read then.
            Ok(assembler.end())
        }
        .boxed()
    }

    fn previous_gtids<'a>(&'a self, at: &'a Address, file: &'a str) -> Reply<'a, String> {
        async move {
            let from = Place { file: file.to_owned(), position: stream::BEGIN };
            let mut session = self.session(at).await?;
            let purged = session.rows("SELECT @@GLOBAL.gtid_purged").await?;
            let purged = purged.first().and_then(|row| cell(row, 0)).unwrap_or_default();
            let mut stream = Stream::open(session, &from).await?;
            while let Some(seen) = stream.next().await? {
                if seen.kind == EventType::PREVIOUS_GTIDS_EVENT as u8 {
                    let event = seen.event.read_event::<PreviousGtidsEvent<'_>>();
                    let event = event.map_err(|error| stream.unreadable(&seen, &error.to_string()))?;
                    return Ok(transaction::joined(&transaction::gtid_set(&event), &purged));
                }
                if seen.place.file != file {
                    break;
                }
            }
            Err(failure::no_previous_gtids(at, file))
        }
        .boxed()
    }

    fn rows<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Place,
        until: Option<&'a Place>,
        wanted: Option<&'a [Wanted]>,
        each: &'a mut (dyn FnMut(RowChange) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Place> {
        async move {
            let mut stream = Stream::open(self.session(at).await?, from).await?;
            let mut decoder = Decoder::new(wanted);
            let mut end = from.clone();
            while let Some(seen) = stream.next().await? {
                if until.is_some_and(|until| !stream.is_before(&seen.place, until)) {
                    break;
                }
                end = stream.place().clone();
                if stream.is_before(&seen.place, from) {
                    decoder.learn(&seen).map_err(|why| stream.unreadable(&seen, &why))?;
                    continue;
                }
                let unknown = decoder.unknown(&seen).map_err(|why| stream.unreadable(&seen, &why))?;
                if let Some((schema, table)) = unknown {
                    let mut session = self.session(at).await?;
                    decoder.describe(&mut session, &schema, &table).await?;
                    session.close().await;
                }
                let changes = decoder.changes(&seen).map_err(|why| stream.unreadable(&seen, &why))?;
                for change in changes {
                    if each(change).is_break() {
                        return Ok(end);
                    }
                }
            }
            Ok(end)
        }
        .boxed()
    }
}
