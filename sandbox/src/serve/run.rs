//! The serving process.

use std::net::SocketAddrV4;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fs_err as fs;
use mysql_async::prelude::Queryable;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::scene::{self, ACCOUNT, BLUE_RELEASE, REGION};
use super::stage::Stage;
use super::wish::Wish;
use crate::address::Claim;
use crate::api;
use crate::clock;
use crate::error::{Doing, Error, Result};
use crate::flink::{Cluster, Flink, Proxy, wait_until_ready};
use crate::mysqld::{Accounts, Site, rotate_past};
use crate::parts::{self, Release};
use crate::place::{Endpoint, Place, Record, write_json, write_private};
use crate::plane::Plane;
use crate::process::{Identity, Ledger, end_all, running};
use crate::region::Region;
use crate::region::work::ServerId;

const ROUTE: Duration = Duration::from_secs(10);

type Say<'a> = &'a (dyn Fn(&str) + Sync);

/// Builds the sandbox, says what is ready, and serves until it is told to end (SIGTERM or SIGINT).
pub async fn serve(folder: &Path, cache: &Path, wish: &Wish, say: Say<'_>) -> Result<()> {
    let place = Place::at(folder)?;
    let _lock = place.try_lock()?.ok_or_else(|| Error::AlreadyUp(place.root().to_owned()))?;
    let own = Identity::of(std::process::id()).ok_or_else(|| Error::other("This process has no entry in /proc"))?;
    write_json(&place.serving(), &own)?;
    let mut end = End::listen(wish.companion.and_then(Identity::of))?;

    let parts = parts::install(cache, say).await?;
    let claim = Claim::take()?;
    let ledger = Arc::new(Ledger::open(place.processes()).await?);
    let (base, port) = (claim.host(0), claim.port);
    say(&format!("Addresses: {base}/24, port {port}"));

    let region = scene::set(wish, &claim)?;
    let source = endpoint(&scene::production(&region, wish.engine)?, claim.port)?;
    let cluster = Cluster::start(&parts, &claim, &place.flink(), &ledger)?;
    let site = Site {
        parts: parts.clone(),
        folder: place.servers(),
        engine: wish.engine,
        accounts: Accounts::generate()?,
        ledger: ledger.clone(),
    };
    let accounts = site.accounts.clone();
    let (api, listener) = api_listener(&claim, 8000).await?;
    let (sql_gateway, gateway_listener) = api_listener(&claim, 8084).await?;
    let plane = Arc::new(Plane::new(Arc::new(site), claim).bent(wish.oddities.bent()));

    let flink = async {
        wait_until_ready(&cluster.flink, &place.flink()).await?;
        say(&format!("Flink is ready: {}, SQL Gateway {}", cluster.flink.rest, cluster.flink.sql_gateway));
        Ok::<_, Error>(())
    };
    let (sink, ()) = tokio::select! {
        ready = async { tokio::try_join!(servers(&plane, &region, wish, say), flink) } => ready?,
        () = end.wait() => return Err(Error::other("Ended before it was ready")),
    };

    let stage = Stage::start(region, plane.clone(), place.state());
    stage.api.tick();
    let open = || async { plane.endpoints.list().iter().any(|(open, _)| *open == source).then_some(()) };
    clock::poll(ROUTE, Duration::from_millis(10), open)
        .await
        .ok_or_else(|| Error::other("The endpoint stays closed"))?;
    let server = tokio::spawn(api::serve(listener, stage.api.clone()));
    let proxy = Proxy::new(&cluster.flink.sql_gateway, u32::from(wish.oddities.insert_500))?;
    let gateway = tokio::spawn(proxy.serve(gateway_listener));
    say(&format!("The RDS API is ready: {api}"));

    let record = Record {
        engine: wish.engine,
        api,
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        source: Endpoint::of(source),
        sink: Endpoint::of(sink),
        flink: Flink { sql_gateway, ..cluster.flink.clone() },
        accounts,
        serve: own,
        processes: running(&place.processes()).into_iter().map(|(identity, name)| (name, identity)).collect(),
    };
    write_private(&place.env(), &record.exports())?;
    write_json(&place.record(), &record)?;

    let keeper = tokio::spawn(cluster.keep_up(parts, place.flink(), ledger));
    end.wait().await;
    keeper.abort();
    gateway.abort();
    server.abort();
    // Not one by one: a server may be in use for a minute yet. What starts after this the guard ends.
    end_all(&place.processes()).await
}

/// Blue with its endpoints' settings, and the sink.
async fn servers(plane: &Plane, region: &Region, wish: &Wish, say: Say<'_>) -> Result<SocketAddrV4> {
    let blue = async {
        plane.create(scene::blue(), BLUE_RELEASE, region.settings_of(&scene::blue())).await?;
        if let Some(file) = &wish.init {
            let script = fs::read_to_string(file)?;
            let server = plane.server(&scene::blue())?;
            let mut conn = server.lock().await.connect().await?;
            conn.query_drop(script).await.doing(format!("Executing {}", file.display()))?;
        }
        rotate_past(&*plane.server(&scene::blue())?.lock().await, wish.oddities.first_file()).await?;
        say("Blue is ready: MySQL 5.7.22");
        Ok::<_, Error>(())
    };
    let sink = async {
        let settings = vec![("character_set_server".to_owned(), "utf8mb4".to_owned())];
        let address = plane.create(ServerId("sink".into()), Release::V57, settings).await?;
        say("The sink is ready: MySQL 5.7.22");
        Ok::<_, Error>(address)
    };
    Ok(tokio::try_join!(blue, sink)?.1)
}

async fn api_listener(claim: &Claim, preferred: u16) -> Result<(String, TcpListener)> {
    let port = claim.service_port(preferred)?;
    let listener = TcpListener::bind((claim.services(), port)).await?;
    Ok((format!("http://{}:{port}", claim.services()), listener))
}

fn endpoint(host: &str, port: u16) -> Result<SocketAddrV4> {
    Endpoint { host: host.to_owned(), port }.address()
}

/// Waits for the signal to end, or for the companion's end. A terminal that closes is no such signal.
struct End {
    companion: Option<Identity>,
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    _hang_up: tokio::signal::unix::Signal,
}

impl End {
    fn listen(companion: Option<Identity>) -> Result<Self> {
        Ok(Self {
            companion,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn wait(&mut self) {
        let companion = self.companion;
        let left_alone = async {
            match companion {
                Some(companion) => while !companion.gone_within(Duration::from_secs(3600)).await {},
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = left_alone => {}
        }
    }
}
