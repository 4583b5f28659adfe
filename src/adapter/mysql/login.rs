//! How one logs in.

use std::path::PathBuf;

use mysql_async::{OptsBuilder, SslOpts};

use super::session::QUERY;
use crate::{
    adapter::ca_file::ca_file,
    error::Result,
    port::mysql::{Address, Tls},
    secret::{Secret, SecretRef},
};

/// One user for blue, green and `-old1`.
#[derive(Debug, Clone)]
pub struct Login {
    pub user: String,
    pub password: SecretRef,
    pub tls: Tls,
    /// PEM certificates that alone are trusted; absent: the public roots that are compiled in, which RDS's are not among.
    pub ca_file: Option<PathBuf>,
}

impl Login {
    pub(super) fn encryption(&self) -> Encryption {
        Encryption { tls: self.tls, ca_file: self.ca_file.clone() }
    }
}

/// How connections are secured, whoever logs in.
#[derive(Debug, Clone)]
pub struct Encryption {
    pub tls: Tls,
    /// As in `Login`.
    pub ca_file: Option<PathBuf>,
}

impl Encryption {
    /// # Errors
    /// `Permanent` where `ca_file` cannot be read or holds no certificate.
    pub(super) async fn options(&self, at: &Address, user: &str, password: &Secret) -> Result<OptsBuilder> {
        // One statement each and in no order: the driver runs them from the last to the first.
        let setup = vec![
            "SET SESSION TRANSACTION READ ONLY".to_owned(),
            // INNODB_TRX tells times of the system's zone whatever the session's is.
            "SET SESSION time_zone = 'SYSTEM'".to_owned(),
            format!("SET SESSION max_execution_time = {}, lock_wait_timeout = {}", QUERY.as_millis(), QUERY.as_secs()),
        ];
        Ok(OptsBuilder::default()
            .ip_or_hostname(&at.host)
            .tcp_port(at.port)
            // By default the driver leaves the server it was sent to for a local one whose socket has the same path.
            .prefer_socket(false)
            .user(Some(user))
            .pass(Some(password.expose()))
            .ssl_opts(self.tls().await?)
            .setup(setup))
    }

    async fn tls(&self) -> Result<Option<SslOpts>> {
        match (self.tls, &self.ca_file) {
            (Tls::Disabled, _) => Ok(None),
            (Tls::Required, _) => Ok(Some(
                SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true),
            )),
            (Tls::Verify, None) => Ok(Some(SslOpts::default())),
            (Tls::Verify, Some(path)) => {
                let bytes = ca_file(path).map_err(|error| error.hint("RDS offers them as global-bundle.pem"))?;
                Ok(Some(SslOpts::default().with_root_certs(vec![bytes.into()]).with_disable_built_in_roots(true)))
            }
        }
    }
}
