//! Where RDS is reached, and how long it may take.

use std::{future::Future, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_rds::{
    Client,
    config::{BehaviorVersion, Builder, Region, retry::RetryConfig, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
};
use tokio::sync::OnceCell;

use super::{
    failure::{Call, Failure},
    ride_out::RideOut,
    wire::Wire,
};

/// Time limits of all calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// To be connected.
    pub connect: Duration,
    /// One attempt of a read, from its first byte to the last of the answer.
    pub attempt: Duration,
    /// A write, which has one attempt. Longer: an answer that comes late is worth more than an unknown outcome.
    pub write: Duration,
    /// How long a read is tried again while RDS throttles, errs or does not answer.
    pub patience: Duration,
    /// The same while RDS cannot be reached at all, which is more often a wrong address than an outage.
    pub unreachable: Duration,
    /// The first pause of a read that is tried again; it doubles up to `longest_pause`.
    pub first_pause: Duration,
    pub longest_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(10),
            write: Duration::from_secs(30),
            patience: Duration::from_secs(5 * 60),
            unreachable: Duration::from_secs(5),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(20),
        }
    }
}

/// One account and region, reached when first asked. Clones share it.
#[derive(Debug, Clone)]
pub struct Connection {
    region: String,
    limits: Limits,
    config: Arc<OnceCell<SdkConfig>>,
    reading: Arc<OnceCell<Client>>,
}

impl Connection {
    /// Takes credentials, proxies and endpoints from where every AWS tool takes them; nothing is read before the first call.
    pub fn to_region(region: impl Into<String>) -> Self {
        Self { region: region.into(), limits: Limits::default(), config: Arc::default(), reading: Arc::default() }
    }

    /// Takes everything from `config`, nothing from the surroundings.
    pub fn with_config(config: SdkConfig, limits: Limits) -> Self {
        let region = config.region().map(|region| region.as_ref().to_owned()).unwrap_or_default();
        Self { region, limits, config: Arc::new(OnceCell::new_with(Some(config))), reading: Arc::default() }
    }

    async fn config(&self) -> &SdkConfig {
        let load = || {
            // Pinned: a later behaviour may retry, and wait, in other ways.
            aws_config::defaults(BehaviorVersion::v2026_01_12()).region(Region::new(self.region.clone())).load()
        };
        self.config.get_or_init(load).await
    }

    async fn client(&self, attempt: Duration) -> Client {
        let time = TimeoutConfig::builder()
            .connect_timeout(self.limits.connect)
            .operation_attempt_timeout(attempt)
            .operation_timeout(attempt)
            .build();
        let config = Builder::from(self.config().await).retry_config(RetryConfig::disabled()).timeout_config(time);
        Client::from_conf(config.build())
    }

    /// Asks until there is an answer, or until trouble has lasted too long.
    pub(super) async fn read<T, E, F, Fut>(&self, call: Call<'_>, request: F) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Fn(Client, Wire) -> Fut,
        Fut: Future<Output = Result<T, SdkError<E>>>,
    {
        let client = self.reading.get_or_init(|| self.client(self.limits.attempt)).await;
        let mut ride_out = RideOut::new(self.limits);
        loop {
            let wire = Wire::default();
            let failure = match request(client.clone(), wire.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => Failure::of(call, &error, &wire, &self.region),
            };
            if !ride_out.pause_after(&failure).await {
                return Err(Failure { waited: ride_out.waited(), ..failure });
            }
        }
    }

    /// Follows the markers of a list to its end.
    pub(super) async fn pages<T, O, E, F, Fut, S>(
        &self,
        call: Call<'_>,
        request: F,
        split: S,
    ) -> Result<Vec<T>, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Fn(Client, Wire, Option<String>) -> Fut,
        Fut: Future<Output = Result<O, SdkError<E>>>,
        S: Fn(O) -> (Vec<T>, Option<String>),
    {
        let mut all = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let page = self.read(call, |client, wire| request(client, wire, marker.clone())).await?;
            let (items, next) = split(page);
            all.extend(items);
            match next.filter(|next| !next.is_empty()) {
                None => return Ok(all),
                Some(next) if marker.as_ref() == Some(&next) => return Err(Failure::endless(call, &next)),
                next => marker = next,
            }
        }
    }

    /// Sends one request, once, over a connection of its own: one that RDS has closed while it lay idle would make the
    /// outcome unknown.
    pub(super) async fn write<T, E, F, Fut>(&self, call: Call<'_>, request: F) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: FnOnce(Client, Wire) -> Fut,
        Fut: Future<Output = Result<T, SdkError<E>>>,
    {
        let wire = Wire::default();
        let sent = request(self.client(self.limits.write).await, wire.clone()).await;
        sent.map_err(|error| Failure::of(call, &error, &wire, &self.region))
    }
}
