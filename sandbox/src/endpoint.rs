//! Endpoints: TCP proxies whose addresses stay while the servers behind them change.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::region::work::ServerId;

/// Where an endpoint leads: the server's identity and its own address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub server: ServerId,
    pub address: SocketAddrV4,
}

#[derive(Debug)]
struct Endpoint {
    target: watch::Sender<Target>,
    listener: JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Every endpoint of a sandbox, by its address.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    open: Arc<Mutex<BTreeMap<SocketAddrV4, Endpoint>>>,
}

impl Endpoints {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<SocketAddrV4, Endpoint>) -> T) -> T {
        act(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Opens the endpoint, or makes the open one lead elsewhere; its connections are reset only if the target differs.
    pub async fn route(&self, endpoint: SocketAddrV4, target: Target) -> Result<()> {
        let moved = self.with(|open| {
            let Some(known) = open.get(&endpoint) else { return false };
            known.target.send_if_modified(|now| std::mem::replace(now, target.clone()) != target);
            true
        });
        if moved {
            return Ok(());
        }
        let listener = TcpListener::bind(endpoint)
            .await
            .map_err(|error| Error::other(format!("The endpoint {endpoint} cannot be opened: {error}")))?;
        let (sender, receiver) = watch::channel(target);
        let listener = tokio::spawn(listen(listener, receiver));
        self.with(|open| open.insert(endpoint, Endpoint { target: sender, listener }));
        Ok(())
    }

    /// Closes the endpoint and resets its connections.
    pub fn unroute(&self, endpoint: SocketAddrV4) {
        self.with(|open| open.remove(&endpoint));
    }

    /// Makes everything that leads to `from` lead to `to`, resets the connections, and returns what was moved.
    pub fn flip(&self, from: &ServerId, to: &Target) -> Vec<SocketAddrV4> {
        self.with(|open| {
            let led_there = |endpoint: &Endpoint| endpoint.target.borrow().server == *from;
            let moved: Vec<SocketAddrV4> =
                open.iter().filter(|(_, endpoint)| led_there(endpoint)).map(|(address, _)| *address).collect();
            for address in &moved {
                open[address].target.send_replace(to.clone());
            }
            moved
        })
    }

    /// Endpoint and where it leads, ordered by address.
    pub fn list(&self) -> Vec<(SocketAddrV4, Target)> {
        self.with(|open| open.iter().map(|(address, endpoint)| (*address, endpoint.target.borrow().clone())).collect())
    }
}

async fn listen(listener: TcpListener, target: watch::Receiver<Target>) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(carry(client, target.clone()));
            }
            // Out of file descriptors, or the client has gone already: others may still come.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// One connection, until either side ends it or the endpoint leads elsewhere.
async fn carry(mut client: TcpStream, mut target: watch::Receiver<Target>) {
    let address = target.borrow_and_update().address;
    let Ok(mut server) = TcpStream::connect(address).await else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        // Also an error, when the endpoint is closed: both mean a reset, as the flip of a real endpoint does.
        _ = target.changed() => {
            let _ = client.set_zero_linger();
            let _ = server.set_zero_linger();
        }
    }
}
