//! Addresses on loopback: a sandbox owns one `127.x.y.0/24` and one port, so names differ and the port does not.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};

use crate::error::{Error, Result};

/// The last bytes `1..=150` are for the region's endpoints.
const FIRST_SERVER: u8 = 151;
const LAST_SERVER: u8 = 249;
/// The region's API and Flink.
const SERVICES: u8 = 250;
const MARKER: u8 = 254;
/// The port of MySQL where it is free; a server of the machine that listens on every address keeps it busy.
const PORTS: [u16; 6] = [3306, 13306, 23306, 33306, 43306, 53306];

/// A claimed prefix; free again when dropped.
#[derive(Debug)]
pub struct Claim {
    /// The first three bytes of every address.
    pub base: [u8; 3],
    /// The one port of all endpoints and servers.
    pub port: u16,
    _marker: TcpListener,
}

impl Claim {
    /// Claims the first prefix that no other sandbox holds, by listening on one address of it.
    pub fn take() -> Result<Self> {
        for port in PORTS {
            // 127.80.10.0 … 127.80.249.0
            for third in 10..250 {
                let base = [127, 80, third];
                if let Ok(marker) = TcpListener::bind(SocketAddrV4::new(address(base, MARKER), port)) {
                    return Ok(Self { base, port, _marker: marker });
                }
            }
        }
        Err(Error::other("No free loopback prefix 127.80.x.0/24 on any of the ports tried: end another sandbox first"))
    }

    pub fn host(&self, last: u8) -> Ipv4Addr {
        address(self.base, last)
    }

    pub fn services(&self) -> Ipv4Addr {
        self.host(SERVICES)
    }

    /// `preferred` on the services' address, or another port where something of the machine holds it everywhere.
    pub fn service_port(&self, preferred: u16) -> Result<u16> {
        let listener = TcpListener::bind(SocketAddrV4::new(self.services(), preferred))
            .or_else(|_| TcpListener::bind(SocketAddrV4::new(self.services(), 0)))?;
        Ok(listener.local_addr()?.port())
    }

    /// The address of the nth server, from 0.
    pub fn server(&self, index: usize) -> Result<SocketAddrV4> {
        let last = u8::try_from(usize::from(FIRST_SERVER) + index).ok().filter(|last| *last <= LAST_SERVER);
        let last = last.ok_or_else(|| Error::other("The sandbox has no address left for another server"))?;
        Ok(SocketAddrV4::new(self.host(last), self.port))
    }
}

fn address([a, b, c]: [u8; 3], last: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, last)
}
