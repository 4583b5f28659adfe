//! The only place that builds adapters and reads the environment.

use std::{io, path::PathBuf, sync::Arc};

use crate::{
    adapter::{
        clock::SystemClock,
        files::{Files, S3Files},
        flink::{self, Flink},
        mysql, rds,
        secrets::StoredSecrets,
    },
    error::{Error, Result},
    handover::tail::Ahead,
    playbook::{self, Playbook},
    port::{
        binlog::BinlogRead,
        catalogue::CatalogueRead,
        clock::Clock,
        files::FilesRead,
        flink::{FlinkRead, FlinkWrite},
        mysql::{MysqlRead, Tls},
        rds::{RdsRead, RdsWrite},
        secrets::Secrets,
        tables::TablesRead,
    },
    step::{Read, Write},
};

/// The ports of one run. Building it touches nothing: each adapter reaches out when it is first asked.
#[derive(Clone)]
pub(super) struct Outside {
    /// Absent where the playbook has no target.
    pub rds_read: Option<Arc<dyn RdsRead>>,
    /// For a run that acts. A dry run must not be given it.
    pub rds_write: Option<Arc<dyn RdsWrite>>,
    /// Absent where the playbook has no login.
    pub mysql: Option<Arc<dyn MysqlRead>>,
    /// As `mysql`.
    pub catalogue: Option<Arc<dyn CatalogueRead>>,
    /// As `mysql`.
    pub binlog: Option<Arc<dyn BinlogRead>>,
    /// As `mysql`: its connections are secured alike.
    pub tables: Option<Arc<dyn TablesRead>>,
    /// Absent where the playbook has no Flink.
    pub flink_read: Option<Arc<dyn FlinkRead>>,
    /// As `rds_write`.
    pub flink_write: Option<Arc<dyn FlinkWrite>>,
    pub files: Arc<dyn FilesRead>,
    pub secrets: Arc<dyn Secrets>,
    pub clock: Arc<dyn Clock>,
}

impl Outside {
    /// # Errors
    ///
    /// `Usage` where an address of the playbook is none.
    pub(super) fn of(playbook: &Playbook) -> Result<Self> {
        let rds = playbook.target.as_ref().map(|target| rds::Connection::to_region(&target.region));
        let secrets: Arc<dyn Secrets> = Arc::new(StoredSecrets::new(variable_os));
        let mysql = playbook.mysql.as_ref().map(|mysql| {
            let login = mysql::Login {
                user: mysql.user.clone(),
                password: mysql.password.clone(),
                tls: tls(mysql.tls),
                ca_file: mysql.ca_file.clone(),
            };
            Arc::new(mysql::Mysql::new(login, Arc::clone(&secrets)))
        });
        let tables = playbook.mysql.as_ref().map(|mysql| {
            let encryption = mysql::Encryption { tls: tls(mysql.tls), ca_file: mysql.ca_file.clone() };
            Arc::new(mysql::Tables::new(encryption)) as Arc<dyn TablesRead>
        });
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let flink = match &playbook.flink {
            Some(address) => Some(Arc::new(flink(address, playbook, &*secrets, Arc::clone(&clock))?)),
            None => None,
        };
        Ok(Self {
            rds_read: rds.clone().map(|rds| Arc::new(rds::Reader::new(rds)) as Arc<dyn RdsRead>),
            rds_write: rds.map(|rds| Arc::new(rds::Writer::new(rds)) as Arc<dyn RdsWrite>),
            catalogue: mysql.clone().map(|mysql| mysql as Arc<dyn CatalogueRead>),
            binlog: mysql.clone().map(|mysql| mysql as Arc<dyn BinlogRead>),
            mysql: mysql.map(|mysql| mysql as Arc<dyn MysqlRead>),
            tables,
            flink_read: flink.clone().map(|flink| flink as Arc<dyn FlinkRead>),
            flink_write: flink.map(|flink| flink as Arc<dyn FlinkWrite>),
            files: Arc::new(files(playbook.target.as_ref().map(|target| target.region.clone()))),
            secrets,
            clock,
        })
    }

    /// What steps look with.
    pub(super) fn read(&self) -> Read {
        Read {
            rds: self.rds_read.clone(),
            mysql: self.mysql.clone(),
            catalogue: self.catalogue.clone(),
            binlog: self.binlog.clone(),
            tables: self.tables.clone(),
            ahead: Ahead::default(),
            flink: self.flink_read.clone(),
            files: Arc::clone(&self.files),
            secrets: Arc::clone(&self.secrets),
            clock: Arc::clone(&self.clock),
        }
    }

    /// What steps act with.
    pub(super) fn write(&self, artifacts: PathBuf) -> Write {
        Write {
            rds: self.rds_write.clone(),
            flink: self.flink_write.clone(),
            files: Arc::clone(&self.files),
            tables: self.read().tables,
            secrets: Arc::clone(&self.secrets),
            clock: Arc::clone(&self.clock),
            artifacts,
        }
    }

    /// The ports of a dry run: what could change anything is gone.
    #[must_use]
    pub(super) fn reading(self) -> Self {
        Self { rds_write: None, flink_write: None, ..self }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn variable_os(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

/// Where savepoints lie: on disks and in S3, there in `region` where the surroundings name none.
pub(super) fn files(region: Option<String>) -> Files {
    // A server that stands in for S3 seldom has a name for every bucket.
    let elsewhere = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].iter().any(|name| variable_os(name).is_some());
    Files::new(S3Files::of_surroundings(region, elsewhere))
}

fn tls(tls: playbook::Tls) -> Tls {
    match tls {
        playbook::Tls::Verify => Tls::Verify,
        playbook::Tls::Required => Tls::Required,
        playbook::Tls::Disabled => Tls::Disabled,
    }
}

/// The cluster, which never sees a secret again in what it answers. A secret that cannot be had now is told when it is
/// needed.
fn flink(
    address: &playbook::Flink,
    playbook: &Playbook,
    secrets: &dyn Secrets,
    clock: Arc<dyn Clock>,
) -> Result<Flink> {
    let references = playbook.secrets.values().chain(playbook.mysql.as_ref().map(|mysql| &mysql.password));
    let secrets = references.filter_map(|reference| secrets.resolve(reference).ok()).collect();
    let (rest, sql_gateway) = (address.rest.clone(), address.sql_gateway.clone());
    Flink::new(flink::Options { rest, sql_gateway, no_proxy: false, ca_file: address.ca_file.clone(), secrets }, clock)
}

/// `user@host`, for lock files and approvals.
pub(super) fn who() -> String {
    let user = ["USER", "LOGNAME"].iter().find_map(|name| variable_os(name)).unwrap_or_else(|| "somebody".into());
    let host = fs_err::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = host.or_else(|| variable_os("HOSTNAME")?.into_string().ok()).unwrap_or_else(|| "this-host".to_owned());
    format!("{}@{}", user.to_string_lossy(), host.trim())
}

/// Where annotations are wanted (GitHub Actions), the file its summary goes to, if it names one.
pub(super) fn github() -> Result<Option<Option<Box<dyn io::Write + Send>>>> {
    if variable_os("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
        return Ok(None);
    }
    let Some(path) = variable_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else { return Ok(Some(None)) };
    let file = fs_err::OpenOptions::new().append(true).create(true).open(PathBuf::from(path));
    let file = file.map_err(|error| Error::permanent("The step summary cannot be written").because(&error))?;
    Ok(Some(Some(Box::new(file))))
}

/// Sentences about what in the environment leads calls elsewhere than the playbook alone would. Credentials in URLs are
/// left out.
pub(super) fn redirections() -> Vec<String> {
    redirections_of(&|name| variable_os(name)?.into_string().ok())
}

/// Variables by what they do, in the order they are told.
const PROXIES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
const NO_PROXIES: [&str; 2] = ["NO_PROXY", "no_proxy"];
const ENDPOINTS: [(&str, &str); 5] = [
    ("AWS_ENDPOINT_URL_RDS", "RDS"),
    ("AWS_ENDPOINT_URL_S3", "S3"),
    ("AWS_ENDPOINT_URL_STS", "the AWS token service"),
    ("AWS_ENDPOINT_URL_SSO", "AWS single sign-on"),
    ("AWS_ENDPOINT_URL", "every AWS service"),
];
const IGNORE_ENDPOINTS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
const CHOICES: [(&str, &str); 6] = [
    ("AWS_PROFILE", "AWS credentials and settings come from profile"),
    ("AWS_CONFIG_FILE", "AWS settings come from file"),
    ("AWS_SHARED_CREDENTIALS_FILE", "AWS credentials come from file"),
    ("AWS_ROLE_ARN", "AWS calls are made in role"),
    ("AWS_USE_FIPS_ENDPOINT", "FIPS endpoints of AWS are used:"),
    ("AWS_USE_DUALSTACK_ENDPOINT", "Dual-stack endpoints of AWS are used:"),
];

fn redirections_of(variable: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let value = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let mut told = Vec::new();
    let proxies = PROXIES.iter().filter_map(|name| Some((name, value(name)?)));
    told.extend(proxies.map(|(name, url)| {
        let what = match name.to_ascii_uppercase().as_str() {
            "HTTPS_PROXY" => "HTTPS calls",
            "HTTP_PROXY" => "HTTP calls, also those to this machine,",
            _ => "HTTP and HTTPS calls",
        };
        format!("{what} go through the proxy {} ({name})", without_credentials(&url))
    }));
    if !told.is_empty() {
        let exempt = NO_PROXIES.iter().filter_map(|name| Some((name, value(name)?)));
        told.extend(exempt.map(|(name, hosts)| format!("These hosts are reached without the proxy: {hosts} ({name})")));
    }
    if value(IGNORE_ENDPOINTS).is_none_or(|ignore| !ignore.eq_ignore_ascii_case("true")) {
        let endpoints = ENDPOINTS.iter().filter_map(|(name, what)| Some((name, what, value(name)?)));
        told.extend(
            endpoints.map(|(name, what, url)| format!("{what} is reached at {} ({name})", without_credentials(&url))),
        );
    }
    let choices = CHOICES.iter().filter_map(|(name, what)| Some((name, what, value(name)?)));
    told.extend(choices.map(|(name, what, value)| format!("{what} {value} ({name})")));
    told.into_iter().map(capitalised).collect()
}

/// `http://user:secret@host` → `http://[redacted]@host`, also without a scheme; the query, which may hold a token, goes.
fn without_credentials(url: &str) -> String {
    let url = url.trim();
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let separator = if scheme.is_empty() { "" } else { "://" };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{separator}[redacted]@{host}"),
        None => format!("{scheme}{separator}{rest}"),
    }
}

fn capitalised(sentence: String) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(variables: &[(&str, &str)]) -> Vec<String> {
        redirections_of(&|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_empty_environment_redirects_nothing() {
        assert!(told(&[]).is_empty());
        assert!(told(&[("HTTP_PROXY", " "), ("NO_PROXY", "localhost")]).is_empty());
    }

    #[test]
    fn proxies_and_endpoints_are_told_without_their_credentials() {
        let told = told(&[
            ("https_proxy", "http://me:pa@ss@proxy:3128/?token=t"),
            ("NO_PROXY", "127.0.0.1"),
            ("AWS_ENDPOINT_URL_RDS", "http://127.0.0.1:4566"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
            ("AWS_PROFILE", "prod"),
        ]);
        assert_eq!(
            told,
            [
                "HTTPS calls go through the proxy http://[redacted]@proxy:3128/ (https_proxy)",
                "These hosts are reached without the proxy: 127.0.0.1 (NO_PROXY)",
                "RDS is reached at http://127.0.0.1:4566 (AWS_ENDPOINT_URL_RDS)",
                "S3 is reached at http://127.0.0.1:9000 (AWS_ENDPOINT_URL_S3)",
                "AWS credentials and settings come from profile prod (AWS_PROFILE)",
            ]
        );
    }

    #[test]
    fn endpoints_can_be_switched_off() {
        assert!(told(&[("AWS_ENDPOINT_URL", "http://x"), (IGNORE_ENDPOINTS, "TRUE")]).is_empty());
    }

    #[test]
    fn credentials_are_found_without_a_scheme() {
        assert_eq!(without_credentials("me:secret@proxy:3128"), "[redacted]@proxy:3128");
        assert_eq!(without_credentials("proxy:3128"), "proxy:3128");
    }
}
