//! The data plane: does with real servers what the region model asks for.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as AsyncMutex;

use crate::address::Claim;
use crate::clock;
use crate::endpoint::{Endpoints, Target};
use crate::error::{Error, Result};
use crate::mysqld::{self, Server, Site};
use crate::parts::Release;
use crate::region::work::{Done, Millis, ServerId, Settings, Task};

/// When production moved from one server to another, by the sandbox's own clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// Blue took no more writes.
    pub frozen_at: Millis,
    /// The endpoints led to green, every old connection was reset.
    pub flipped_at: Millis,
    /// Green took writes.
    pub open_at: Millis,
    pub blue: ServerId,
    pub green: ServerId,
    /// Green's log position before its first own write.
    pub coordinates: Option<(String, u64)>,
}

/// A server that exists. Its address is known without waiting for what it is being used for.
#[derive(Debug, Clone)]
struct Entry {
    address: SocketAddrV4,
    server: Arc<AsyncMutex<Server>>,
}

/// Its methods may run at the same time; each server is used by one at a time.
#[derive(Debug)]
pub struct Plane {
    site: Arc<Site>,
    claim: Claim,
    pub endpoints: Endpoints,
    servers: Mutex<BTreeMap<ServerId, Entry>>,
    planned: Mutex<usize>,
    flips: Mutex<Vec<Flip>>,
}

impl Plane {
    pub fn new(site: Arc<Site>, claim: Claim) -> Self {
        Self {
            site,
            claim,
            endpoints: Endpoints::default(),
            servers: Mutex::default(),
            planned: Mutex::new(0),
            flips: Mutex::default(),
        }
    }

    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Starts an empty server that belongs to no deployment yet, and returns its own address.
    pub async fn create(&self, id: ServerId, release: Release, settings: Settings) -> Result<SocketAddrV4> {
        let mut server = self.plan(id.clone(), release, settings)?;
        server.create().await?;
        let address = server.address;
        self.keep(id, server);
        Ok(address)
    }

    /// Does one piece of work to its end. The error is a sentence for the region's events.
    pub async fn perform(&self, task: Task) -> Result<Done, String> {
        self.attempt(task).await.map_err(|error| error.to_string())
    }

    async fn attempt(&self, task: Task) -> Result<Done> {
        match task {
            Task::MakeGreen { blue, green, engine_version, settings } => {
                let mut new = self.plan(green.clone(), Release::of_engine(&engine_version)?, settings)?;
                let blue = self.server(&blue)?;
                let blue = blue.lock().await;
                if let Err(error) = mysqld::make_green(&blue, &mut new).await {
                    new.destroy().await?;
                    return Err(error);
                }
                self.keep(green, new);
            }
            Task::Restart { server, settings } => self.server(&server)?.lock().await.restart(settings).await?,
            Task::Apply { server, settings } => self.server(&server)?.lock().await.apply(&settings).await?,
            Task::Switchover { blue, green, timeout_seconds } => {
                return self.switch_over(blue, green, Duration::from_secs(timeout_seconds)).await;
            }
            Task::Route { address, server } => {
                let endpoint = self.endpoint(&address)?;
                let address = self.entry(&server)?.address;
                self.endpoints.route(endpoint, Target { server, address }).await?;
            }
            Task::Unroute { address } => self.endpoints.unroute(self.endpoint(&address)?),
            Task::LiftReadOnly { server } => mysqld::open_for_writes(&mut *self.server(&server)?.lock().await).await?,
            Task::Destroy { server } => {
                let gone = self.server(&server)?;
                gone.lock().await.destroy().await?;
                self.with_servers(|servers| servers.remove(&server));
            }
        }
        Ok(Done::Plain)
    }

    async fn switch_over(&self, blue: ServerId, green: ServerId, timeout: Duration) -> Result<Done> {
        let (old, new) = (self.server(&blue)?, self.server(&green)?);
        let mut old = old.lock().await;
        let mut new = new.lock().await;
        let frozen_at = clock::now();
        let freed = mysqld::cut_over(&old, &new, timeout).await?;
        old.read_only = true;
        self.endpoints.flip(&blue, &Target { server: green.clone(), address: new.address });
        let flipped_at = clock::now();
        mysqld::open_for_writes(&mut new).await?;
        let coordinates = freed.coordinates;
        let flip = Flip { frozen_at, flipped_at, open_at: clock::now(), blue, green, coordinates: coordinates.clone() };
        self.flips.lock().unwrap_or_else(PoisonError::into_inner).push(flip);
        Ok(Done::Switched { coordinates })
    }

    /// Every switchover so far, oldest first.
    pub fn flips(&self) -> Vec<Flip> {
        self.flips.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends every server; their data is not used again.
    pub async fn kill(&self) -> Result<()> {
        let servers: Vec<_> = self.with_servers(|servers| servers.values().map(|entry| entry.server.clone()).collect());
        let ends = servers.iter().map(|server| async { server.lock().await.kill().await });
        futures_util::future::try_join_all(ends).await?;
        Ok(())
    }

    /// The server behind an id, for questions no task stands for.
    pub fn server(&self, id: &ServerId) -> Result<Arc<AsyncMutex<Server>>> {
        Ok(self.entry(id)?.server)
    }

    fn entry(&self, id: &ServerId) -> Result<Entry> {
        self.with_servers(|servers| servers.get(id).cloned()).ok_or_else(|| Error::NoServer(id.0.clone()))
    }

    fn plan(&self, id: ServerId, release: Release, settings: Settings) -> Result<Server> {
        if self.server(&id).is_ok() {
            return Err(Error::other(format!("There is a server {} already", id.0)));
        }
        let index = {
            let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
            let index = *planned;
            *planned += 1;
            index
        };
        // Far from the ids that CDC jobs take by default (5400-6400), and never used twice.
        let number = 101 + u32::try_from(index).map_err(|_| Error::other("Too many servers"))?;
        Ok(Server::plan(self.site.clone(), id, release, self.claim.server(index)?, number, settings))
    }

    fn keep(&self, id: ServerId, server: Server) {
        let entry = Entry { address: server.address, server: Arc::new(AsyncMutex::new(server)) };
        self.with_servers(|servers| servers.insert(id, entry));
    }

    fn with_servers<T>(&self, act: impl FnOnce(&mut BTreeMap<ServerId, Entry>) -> T) -> T {
        act(&mut self.servers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// `127.80.10.3` or `127.80.10.3:3306`.
    fn endpoint(&self, address: &str) -> Result<SocketAddrV4> {
        let host = address.split_once(':').map_or(address, |(host, _)| host);
        let ip = host.parse().map_err(|_| Error::other(format!("{address} is no loopback address of this sandbox")))?;
        Ok(SocketAddrV4::new(ip, self.claim.port))
    }
}
