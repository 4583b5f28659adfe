//! The addresses of endpoints.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// How endpoints are addressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Addresses {
    /// `orders.cluster-abc.us-east-1.rds.example`, port 3306.
    Dns,
    /// Each endpoint has its own address `a.b.c.1` to `a.b.c.150`; the port is the same for all.
    Loopback { base: [u8; 3], port: u16 },
}

/// What an endpoint leads to; it shows in DNS names only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Purpose {
    Writer,
    Reader,
    Custom,
    Instance,
}

impl Purpose {
    fn infix(self) -> &'static str {
        match self {
            Self::Writer => "cluster-",
            Self::Reader => "cluster-ro-",
            Self::Custom => "cluster-custom-",
            Self::Instance => "",
        }
    }
}

const LAST: u8 = 150;

/// Hands out addresses.
#[derive(Debug, Clone)]
pub(super) struct AddressBook {
    addresses: Addresses,
    zone: String,
    region: String,
    used: BTreeSet<u8>,
    last: u8,
}

impl AddressBook {
    pub(super) fn new(addresses: Addresses, zone: String, region: String) -> Self {
        Self { addresses, zone, region, used: BTreeSet::new(), last: 0 }
    }

    pub(super) fn port(&self) -> u16 {
        match self.addresses {
            Addresses::Dns => 3306,
            Addresses::Loopback { port, .. } => port,
        }
    }

    /// The host of a new endpoint. A loopback address that was given back is used again as late as possible.
    pub(super) fn take(&mut self, name: &str, purpose: Purpose) -> String {
        match self.addresses {
            Addresses::Dns => {
                format!("{name}.{}{}.{}.rds.example", purpose.infix(), self.zone, self.region)
            }
            Addresses::Loopback { base: [a, b, c], .. } => {
                let free =
                    (self.last..LAST).chain(0..self.last).map(|before| before + 1).find(|d| !self.used.contains(d));
                let last = free.expect("a sandbox has far fewer than 150 endpoints");
                self.used.insert(last);
                self.last = last;
                format!("{a}.{b}.{c}.{last}")
            }
        }
    }

    pub(super) fn give_back(&mut self, host: &str) {
        if let Some(last) = host.rsplit('.').next().and_then(|last| last.parse().ok()) {
            self.used.remove(&last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_are_used_up_before_one_returns() {
        let addresses = Addresses::Loopback { base: [127, 83, 20], port: 3306 };
        let mut book = AddressBook::new(addresses, "abc".into(), "us-east-1".into());
        assert_eq!(book.take("a", Purpose::Writer), "127.83.20.1");
        book.give_back("127.83.20.1");
        assert_eq!(book.take("b", Purpose::Writer), "127.83.20.2");
        for _ in 0..148 {
            book.take("c", Purpose::Instance);
        }
        assert_eq!(book.take("d", Purpose::Instance), "127.83.20.1");
    }
}
