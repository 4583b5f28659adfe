//! Who is being asked at this moment, so that whoever waits for an answer can say whose it is.

use std::sync::{Arc, Mutex, PoisonError};

use super::contract::Read;
use crate::port::{
    Reply,
    binlog::{BinlogRead, Place, RowChange, Transaction, Wanted},
    catalogue::{self, CatalogueRead, Checked, Gentle, Schema},
    files::FilesRead,
    flink::{Checkpoints, FlinkRead, Job, Savepoint, Settings},
    mysql::{Address, Coordinates, LogFile, MysqlRead, OpenTransaction, Replication, Server, Who},
    rds::{
        Cluster, Deployment, DeploymentFilter, EngineVersion, EventWindow, GroupRef, Instance, Level, Parameter,
        ParameterGroup, RdsEvent, RdsRead,
    },
    rows::RowsRead,
    tables::{ByKey, KeyedRow, Login, Reader, Table, TablesRead},
};

/// The calls to the outside that have no answer yet, oldest first; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    /// The same ports; while one of them is asked, it is known who.
    pub fn noting(&self, read: Read) -> Read {
        Read {
            rds: read.rds.map(|port| Arc::new(self.beside(port)) as Arc<dyn RdsRead>),
            mysql: read.mysql.map(|port| Arc::new(self.beside(port)) as Arc<dyn MysqlRead>),
            catalogue: read.catalogue.map(|port| Arc::new(self.beside(port)) as Arc<dyn CatalogueRead>),
            binlog: read.binlog.map(|port| Arc::new(self.beside(port)) as Arc<dyn BinlogRead>),
            tables: read.tables.map(|port| Arc::new(self.beside(port)) as Arc<dyn TablesRead>),
            flink: read.flink.map(|port| Arc::new(self.beside(port)) as Arc<dyn FlinkRead>),
            files: Arc::new(self.beside(read.files)),
            ..read
        }
    }

    /// What is awaited now: `the answer of RDS`, `the answers of RDS and MySQL at orders:3306`, or `an answer` where
    /// nobody is asked.
    pub fn awaited(&self) -> String {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        match names.as_slice() {
            [] => "an answer".to_owned(),
            [one] => format!("the answer of {one}"),
            [first @ .., last] => format!("the answers of {} and {last}", first.join(", ")),
        }
    }

    fn beside<P: ?Sized>(&self, port: Arc<P>) -> Noted<P> {
        Noted { port, asked: self.clone() }
    }

    fn note<'a, T: 'a>(&'a self, who: String, reply: Reply<'a, T>) -> Reply<'a, T> {
        Box::pin(async move {
            let open = Open::begin(self, who);
            let answer = reply.await;
            drop(open);
            answer
        })
    }
}

/// A call without a whole answer. Ends when it is dropped: a look may be given up.
struct Open<'a> {
    asked: &'a Asked,
    who: String,
}

impl<'a> Open<'a> {
    fn begin(asked: &'a Asked, who: String) -> Self {
        asked.0.lock().unwrap_or_else(PoisonError::into_inner).push(who.clone());
        Self { asked, who }
    }
}

impl Open<'_> {
    /// From now on it is told otherwise.
    fn tell(&mut self, who: String) {
        let mut open = self.asked.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = open.iter_mut().find(|name| **name == self.who) {
            told.clone_from(&who);
        }
        self.who = who;
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let mut open = self.asked.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = open.iter().position(|name| *name == self.who) {
            open.remove(at);
        }
    }
}

struct Noted<P: ?Sized> {
    port: Arc<P>,
    asked: Asked,
}

/// A catalogue is long in the reading: how far it has come is told with who is asked.
impl CatalogueRead for Noted<dyn CatalogueRead> {
    fn instance<'a>(&'a self, at: &'a Address) -> Reply<'a, catalogue::Instance> {
        self.asked.note(format!("MySQL at {at}"), self.port.instance(at))
    }

    fn schemas<'a>(
        &'a self,
        at: &'a Address,
        names: &'a [String],
        gentle: Gentle,
        each: &'a mut (dyn FnMut(Schema) + Send),
    ) -> Reply<'a, ()> {
        Box::pin(async move {
            let all = names.len();
            let who = |schemas: usize, tables: usize| {
                format!("MySQL at {at} (its catalogue: {schemas} of {all} schemas, {tables} tables so far)")
            };
            let mut open = Open::begin(&self.asked, who(0, 0));
            let (mut schemas, mut tables) = (0, 0);
            let mut counted = |schema: Schema| {
                (schemas, tables) = (schemas + 1, tables + schema.tables.len());
                open.tell(who(schemas, tables));
                each(schema);
            };
            self.port.schemas(at, names, gentle, &mut counted).await
        })
    }

    fn check_tables<'a>(
        &'a self,
        at: &'a Address,
        tables: &'a [(String, String)],
        gentle: Gentle,
    ) -> Reply<'a, Vec<Checked>> {
        let who = format!("MySQL at {at} (CHECK TABLE of {} tables and views)", tables.len());
        self.asked.note(who, self.port.check_tables(at, tables, gentle))
    }
}

/// Every call of a port, noted with who is asked.
macro_rules! noted {
    ($port:ident, $who:expr; $(fn $name:ident($($given:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl $port for Noted<dyn $port> {
            $(fn $name<'a>(&'a self, $($given: $kind),*) -> Reply<'a, $answer> {
                self.asked.note($who, self.port.$name($($given),*))
            })*
        }
    };
    ($port:ident at $at:ident, $who:expr; $(fn $name:ident($($given:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl $port for Noted<dyn $port> {
            $(fn $name<'a>(&'a self, $at: &'a Address, $($given: $kind),*) -> Reply<'a, $answer> {
                self.asked.note($who, self.port.$name($at, $($given),*))
            })*
        }
    };
    ($port:ident as $login:ident, $who:expr; $(fn $name:ident($($given:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl $port for Noted<dyn $port> {
            $(fn $name<'a>(&'a self, $login: &'a Login, $($given: $kind),*) -> Reply<'a, $answer> {
                self.asked.note($who, self.port.$name($login, $($given),*))
            })*
        }
    };
}

noted! { RdsRead, "RDS".to_owned();
    fn cluster(id: &'a str) -> Option<Cluster>;
    fn instance(id: &'a str) -> Option<Instance>;
    fn clusters() -> Vec<Cluster>;
    fn instances() -> Vec<Instance>;
    fn deployments(filter: &'a DeploymentFilter) -> Vec<Deployment>;
    fn engine_version(engine: &'a str, version: &'a str) -> Option<EngineVersion>;
    fn parameter_group(group: &'a GroupRef) -> Option<ParameterGroup>;
    fn parameters(group: &'a GroupRef, user_only: bool) -> Vec<Parameter>;
    fn family_parameters(level: Level, family: &'a str) -> Vec<Parameter>;
    fn events(window: &'a EventWindow) -> Vec<RdsEvent>;
}

noted! { MysqlRead at at, format!("MySQL at {at}");
    fn who() -> Option<Who>;
    fn resolve() -> Vec<Address>;
    fn server() -> Server;
    fn log_end() -> Option<Coordinates>;
    fn log_files() -> Vec<LogFile>;
    fn retention_hours() -> Option<u32>;
    fn replication() -> Option<Replication>;
    fn open_transactions(seconds: u64) -> Vec<OpenTransaction>;
    fn schemas() -> Vec<String>;
}

noted! { BinlogRead at at, format!("the log of MySQL at {at}");
    fn files() -> Vec<LogFile>;
    fn transactions(
        from: &'a Place,
        each: &'a mut (dyn FnMut(Transaction) -> std::ops::ControlFlow<()> + Send)
    ) -> Place;
    fn previous_gtids(file: &'a str) -> String;
    fn rows(
        from: &'a Place,
        until: Option<&'a Place>,
        wanted: Option<&'a [Wanted]>,
        each: &'a mut (dyn FnMut(RowChange) -> std::ops::ControlFlow<()> + Send)
    ) -> Place;
}

noted! { TablesRead as login, format!("MySQL at {}", login.address);
    fn server() -> Server;
    fn reader() -> Reader;
    fn matching(database: &'a str, table: &'a str) -> Vec<(String, String)>;
    fn table(schema: &'a str, table: &'a str) -> Option<Table>;
    fn rows_by_key(rows: ByKey<'a>) -> Vec<KeyedRow>;
    fn walker() -> Box<dyn RowsRead + 'a>;
}

noted! { FlinkRead, "Flink".to_owned();
    fn version() -> String;
    fn gateway_version() -> String;
    fn jobs() -> Vec<Job>;
    fn job_state(job: &'a str) -> Option<String>;
    fn parameters(job: &'a str) -> std::collections::BTreeMap<String, String>;
    fn checkpoints(job: &'a str) -> Checkpoints;
    fn savepoint(job: &'a str, trigger: &'a str) -> Savepoint;
    fn failure(job: &'a str) -> Option<String>;
    fn settings(job: &'a str) -> Settings;
    fn classpath() -> Vec<String>;
}

noted! { FilesRead, "the file system or S3".to_owned();
    fn read(uri: &'a str, limit: u64) -> Option<Vec<u8>>;
}
