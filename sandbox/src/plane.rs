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
use crate::mysqld::{self, Applier, Readers, Server, Site};
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
    bent: Bent,
    rolled_back: Mutex<u32>,
}

/// What becomes of green's own address at the switchover.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub enum GreenAddress {
    /// It ends some time after the new names.
    #[default]
    Later,
    /// For good, and its connections live through the switchover.
    Stays,
    /// Its connections are reset, the address stays.
    Killed,
    /// At once.
    Gone,
}

/// How green comes by a log file of the name that blue's current one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub enum SameFile {
    /// As it comes: what stands at blue's position there is anything.
    Natural,
    /// Green's own log goes over into that file at the switchover, and an event begins there exactly where blue's log
    /// ended; between the two lie rows of green's own.
    Boundary,
}

/// In what the servers and the endpoints do otherwise than in the smooth case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bent {
    pub applier: Applier,
    /// So many switchovers are given up half way.
    pub roll_backs: u32,
    pub green_address: GreenAddress,
    pub readers: Readers,
    pub same_file: Option<SameFile>,
}

impl Plane {
    /// Before there is any server.
    #[must_use]
    pub fn bent(self, bent: Bent) -> Self {
        Self { bent, ..self }
    }

    pub fn new(site: Arc<Site>, claim: Claim) -> Self {
        Self {
            site,
            claim,
            endpoints: Endpoints::default(),
            servers: Mutex::default(),
            planned: Mutex::new(0),
            flips: Mutex::default(),
            bent: Bent::default(),
            rolled_back: Mutex::default(),
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
                if self.bent.same_file == Some(SameFile::Natural) {
                    mysqld::rotate_to(&new, &mysqld::current_file(&blue).await?).await?;
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
        if self.gives_up() {
            mysqld::freeze_and_thaw(&old, self.bent.readers).await?;
            return Err(Error::RolledBack { reason: "the time limit of the switchover was exceeded".into() });
        }
        let frozen_at = clock::now();
        let freed = mysqld::cut_over(&old, &new, self.bent.readers, timeout).await?;
        old.read_only = true;
        let mut coordinates = freed.coordinates;
        if self.bent.same_file == Some(SameFile::Boundary) {
            coordinates = Some(mysqld::plant_boundary(&new, &freed.end).await?);
        }
        let own = self.endpoints.leading_to(&green);
        let moved = self.endpoints.flip(&blue, &Target { server: green.clone(), address: new.address });
        if self.bent.readers == Readers::Dropped {
            self.endpoints.reset(&moved);
        }
        let flipped_at = clock::now();
        mysqld::open_for_writes(&mut new).await?;
        match self.bent.green_address {
            GreenAddress::Later | GreenAddress::Stays => {}
            GreenAddress::Killed => self.endpoints.reset(&own),
            GreenAddress::Gone => own.iter().for_each(|address| self.endpoints.unroute(*address)),
        }
        let flip = Flip { frozen_at, flipped_at, open_at: clock::now(), blue, green, coordinates: coordinates.clone() };
        self.flips.lock().unwrap_or_else(PoisonError::into_inner).push(flip);
        Ok(Done::Switched { coordinates })
    }

    /// Whether the switchover that begins now is one of those to be given up.
    fn gives_up(&self) -> bool {
        let mut so_far = self.rolled_back.lock().unwrap_or_else(PoisonError::into_inner);
        let gives_up = *so_far < self.bent.roll_backs;
        *so_far += u32::from(gives_up);
        gives_up
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
        let mut server = Server::plan(self.site.clone(), id, release, self.claim.server(index)?, number, settings);
        server.applier = self.bent.applier;
        Ok(server)
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
