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
    /// A change, or its end, resets the connections.
    cut: watch::Sender<()>,
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
            let moved = known.target.send_if_modified(|now| std::mem::replace(now, target.clone()) != target);
            if moved {
                known.cut.send_replace(());
            }
            true
        });
        if moved {
            return Ok(());
        }
        let listener = TcpListener::bind(endpoint)
            .await
            .map_err(|error| Error::other(format!("The endpoint {endpoint} cannot be opened: {error}")))?;
        let (target, leads_to) = watch::channel(target);
        let (cut, is_cut) = watch::channel(());
        let listener = tokio::spawn(listen(listener, leads_to, is_cut));
        self.with(|open| open.insert(endpoint, Endpoint { target, cut, listener }));
        Ok(())
    }

    /// Closes the endpoint and resets its connections.
    pub fn unroute(&self, endpoint: SocketAddrV4) {
        self.with(|open| open.remove(&endpoint));
    }

    /// Makes everything that leads to `from` lead to `to`, and returns what was moved. New connections go there;
    /// `Endpoints::reset` ends those there are.
    pub fn flip(&self, from: &ServerId, to: &Target) -> Vec<SocketAddrV4> {
        let moved = self.leading_to(from);
        self.with(|open| {
            for endpoint in moved.iter().filter_map(|address| open.get(address)) {
                endpoint.target.send_replace(to.clone());
            }
        });
        moved
    }

    /// Resets every connection through these endpoints, which stay open.
    pub fn reset(&self, endpoints: &[SocketAddrV4]) {
        self.with(|open| {
            for endpoint in endpoints.iter().filter_map(|address| open.get(address)) {
                endpoint.cut.send_replace(());
            }
        });
    }

    pub fn leading_to(&self, server: &ServerId) -> Vec<SocketAddrV4> {
        let led_there = |endpoint: &Endpoint| endpoint.target.borrow().server == *server;
        self.with(|open| open.iter().filter(|(_, one)| led_there(one)).map(|(address, _)| *address).collect())
    }

    /// Endpoint and where it leads, ordered by address.
    pub fn list(&self) -> Vec<(SocketAddrV4, Target)> {
        self.with(|open| open.iter().map(|(address, endpoint)| (*address, endpoint.target.borrow().clone())).collect())
    }
}

async fn listen(listener: TcpListener, target: watch::Receiver<Target>, cut: watch::Receiver<()>) {
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(carry(client, target.borrow().address, cut.clone()));
            }
            // Out of file descriptors, or the client has gone already: others may still come.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// One connection, until either side ends it or it is reset.
async fn carry(mut client: TcpStream, address: SocketAddrV4, mut cut: watch::Receiver<()>) {
    // Of the listener's own copy nobody has taken note since the endpoint was opened.
    cut.mark_unchanged();
    let Ok(mut server) = TcpStream::connect(address).await else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        // Also an error, when the endpoint is closed: both mean a reset, as the flip of a real endpoint does.
        _ = cut.changed() => {
            let _ = client.set_zero_linger();
            let _ = server.set_zero_linger();
        }
    }
}
