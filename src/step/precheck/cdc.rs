//! What can be seen of the CDC jobs: in Flink, and as their own logins see the tables they read and write.

use super::{
    super::{
        contract::{Known, Read},
        jobs::{self, Scripted, Standing},
        logins,
    },
    had,
};
use crate::{
    error::{Kind, Result},
    event::Offset,
    handover::consumer::flink_sql,
    port::{
        mysql::Address,
        rds::{Database, Level},
        side::{self, Side},
        tables::{Login, TablesRead},
    },
    precheck::{CdcJob, Inventory, JobState, Looked, ServerIds, Sink, Source, Unknown},
};

/// Tables of one source that are looked at; a pattern may match thousands that are all alike.
const MOST_TABLES: usize = 50;

/// Adds all that is seen of the playbook's jobs.
pub(super) async fn gather(read: &Read, known: &Known, seen: &mut Inventory) -> Result<()> {
    let flink = read.flink()?;
    flink.gateway_version().await?;
    let all = flink.jobs().await?;
    let mut unknown = Vec::new();
    seen.classpath = had(flink.classpath().await, "flink", "with which connector the jobs run", &mut unknown);
    seen.server_ids = server_ids(read, seen, &mut unknown).await;
    for scripted in jobs::scripts(read, known, seen.blue.write_address()?).await? {
        let name = scripted.job.name.clone();
        let standing = jobs::standing(read, &scripted, &all).await?;
        let (mut offsets, mut unreadable, mut settings) = (Vec::new(), None, None);
        let state = match standing {
            Standing::Alive(job) => {
                (offsets, unreadable) = stands(read, &job.id).await?;
                let what = "how it keeps its state and comes back after a failure";
                settings = had(flink.settings(&job.id).await, &name, what, &mut unknown);
                JobState::Alive(job.state)
            }
            Standing::Several(jobs) => JobState::Several(jobs.into_iter().map(|job| job.id).collect()),
            Standing::Ended { left, .. } => JobState::Ended { left },
        };
        let mut sources = Vec::new();
        for table in scripted.script.mysql_cdc() {
            sources.push(source(read, known, &name, table, &mut unknown).await);
        }
        let mut sinks = Vec::new();
        for table in scripted.script.jdbc() {
            sinks.push(sink(read, known, &scripted, table, &mut unknown).await);
        }
        seen.cdc_jobs.push(CdcJob {
            name,
            flink_name: scripted.flink_name.clone(),
            state,
            sources,
            sinks,
            settings,
            parallelism: scripted.script.setting("parallelism.default").and_then(|number| number.trim().parse().ok()),
            offsets,
            unreadable,
            warnings: jobs::warnings(&scripted),
        });
    }
    seen.unknown.extend(unknown);
    Ok(())
}

/// Where a running job stands, or why that cannot be read.
async fn stands(read: &Read, job: &str) -> Result<(Vec<Offset>, Option<String>)> {
    match jobs::committed(read, job).await {
        Ok(Some(committed)) => Ok((committed, None)),
        Ok(None) if jobs::newest_state(read, job).await?.is_none() => {
            Ok((Vec::new(), Some("Flink tells of no completed checkpoint and where it lies".to_owned())))
        }
        // One is just being replaced by the next.
        Ok(None) => Ok((Vec::new(), None)),
        Err(error) if error.kind == Kind::Transient => Err(error),
        Err(error) => Ok((Vec::new(), Some(error.message))),
    }
}

/// Ids of the servers of both sides, as far as they are there.
async fn server_ids(read: &Read, seen: &Inventory, unknown: &mut Vec<Unknown>) -> Vec<(String, u32)> {
    let (Ok(mysql), Ok(rds)) = (read.mysql(), read.rds()) else { return Vec::new() };
    let level = match seen.blue.database {
        Database::AuroraCluster(_) => Level::Cluster,
        Database::RdsInstance(_) => Level::Instance,
    };
    let mut sides: Vec<Side> = vec![seen.blue.clone()];
    for deployment in &seen.deployments {
        let green = side::green(rds, deployment, level).await;
        sides.extend(had(green, &deployment.name, "which servers green has", unknown).flatten());
    }
    let mut found = Vec::new();
    for member in sides.iter().flat_map(|side| &side.members).filter(|member| member.status == "available") {
        let Some(address) = &member.address else { continue };
        if let Some(server) = had(mysql.server(address).await, &member.id, "which server_id it has", unknown) {
            found.push((member.id.clone(), server.server_id));
        }
    }
    found
}

async fn source(read: &Read, known: &Known, job: &str, table: &flink_sql::Table, unknown: &mut Vec<Unknown>) -> Source {
    let object = format!("{job}.{}", table.name);
    let mut seen = Source {
        name: table.name.clone(),
        server_ids: ServerIds::of(table.option("server-id")),
        address: address(table),
        ..Source::default()
    };
    let login = match logins::source(read, known, table) {
        Ok(login) => login,
        Err(error) => {
            let _ = had::<()>(Err(error), &object, "what its login sees", unknown);
            return seen;
        }
    };
    seen.address = Some(login.address.clone());
    let Some(tables) = had(read.tables(), &object, "what its login sees", unknown) else { return seen };
    // Where nobody answers, every further question would wait as long.
    seen.server = had(tables.server(&login).await, &object, "which server its login reaches", unknown);
    if seen.server.is_none() {
        return seen;
    }
    seen.reader = had(tables.reader(&login).await, &object, "what its login may do there", unknown);
    if let Some(reader) = &seen.reader {
        let lacks = |object: &str, what: &str| Unknown {
            object: object.to_owned(),
            what: what.to_owned(),
            why: format!("{} may not ask", reader.account),
            hint: None,
        };
        if reader.replicas.is_none() {
            unknown.push(lacks(&object, "which replicas are connected and with which server_id (SHOW SLAVE HOSTS)"));
        }
        if reader.prepared.is_none() {
            unknown.push(lacks(&object, "whether XA transactions are prepared (XA RECOVER)"));
        }
    }
    if let (Some(database), Some(name)) = (table.option("database-name"), table.option("table-name")) {
        let captured = captured(tables, &login, database, name).await;
        seen.tables = had(captured, &object, "which tables it captures", unknown).unwrap_or_default();
    }
    seen
}

/// Where a source connects to, for one whose login is not complete.
fn address(table: &flink_sql::Table) -> Option<Address> {
    let port = table.option("port").map_or(Some(3306), |port| port.parse().ok())?;
    Some(Address { host: table.option("hostname")?.to_owned(), port })
}

async fn captured(
    tables: &dyn TablesRead,
    login: &Login,
    database: &str,
    name: &str,
) -> Result<Vec<crate::port::tables::Table>> {
    let mut found = Vec::new();
    for (schema, table) in tables.matching(login, database, name).await?.into_iter().take(MOST_TABLES) {
        found.extend(tables.table(login, &schema, &table).await?);
    }
    Ok(found)
}

async fn sink(
    read: &Read,
    known: &Known,
    scripted: &Scripted,
    table: &flink_sql::Table,
    unknown: &mut Vec<Unknown>,
) -> Sink {
    let object = format!("{}.{}", scripted.job.name, table.name);
    let inserts = scripted.script.inserts().iter().filter(|insert| insert.into == table.name);
    let mut seen = Sink {
        name: table.name.clone(),
        table: table.option("table-name").unwrap_or_default().to_owned(),
        found: Looked::Not,
        from: inserts.flat_map(|insert| insert.from.clone()).collect(),
    };
    let found = async {
        let sink = logins::sink(read, known, table)?;
        seen.table = format!("{}.{}", sink.schema, sink.table);
        read.tables()?.table(&sink.login, &sink.schema, &sink.table).await
    };
    match had(found.await, &object, "how the table is made that it writes", unknown) {
        Some(Some(table)) => seen.found = Looked::Found(table),
        Some(None) => seen.found = Looked::Missing,
        None => {}
    }
    seen
}
