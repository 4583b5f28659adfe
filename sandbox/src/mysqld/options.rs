//! The command line of a server, from what a parameter group sets.

use std::net::SocketAddrV4;
use std::path::PathBuf;

use super::applier::Applier;
use crate::region::work::Settings;

/// What the server stands for; it decides what holds where no parameter is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Engine {
    /// Writes no binary log unless told to.
    Aurora,
    /// Writes one, format MIXED.
    Rds,
}

pub(super) const LOG_BASE: &str = "mysql-bin-changelog";
const REDO_BYTES: &str = "8M";

/// Options of the sandbox that a parameter of the same name must not touch.
const OURS: [&str; 14] = [
    "basedir",
    "datadir",
    "port",
    "socket",
    "bind_address",
    "server_id",
    "log_bin",
    "log_error",
    "pid_file",
    "tmpdir",
    "innodb_log_file_size",
    "innodb_buffer_pool_size",
    "innodb_data_home_dir",
    "innodb_log_group_home_dir",
];

pub(super) struct CommandLine<'a> {
    pub(super) base: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) address: SocketAddrV4,
    pub(super) number: u32,
    pub(super) engine: Engine,
    pub(super) settings: &'a Settings,
    pub(super) read_only: bool,
    pub(super) replicate: bool,
    pub(super) applier: Applier,
    /// Whether it was made from another server.
    pub(super) is_green: bool,
}

impl CommandLine<'_> {
    /// For `mysqld --initialize-insecure`.
    pub(super) fn initialize(&self) -> Vec<String> {
        let mut line = self.place();
        line.push("--initialize-insecure".into());
        // Fixed for the life of a data directory, so it counts from the beginning.
        line.extend(self.theirs().filter(|option| option.starts_with("--loose-lower_case_table_names=")));
        line
    }

    /// For a server that serves. Of two mentions of an option the last counts.
    pub(super) fn serve(&self) -> Vec<String> {
        let mut line = self.place();
        line.extend(["--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0"].map(String::from));
        line.extend(self.theirs());
        line.extend(if self.is_green { self.applier.of_replica() } else { self.applier.of_source() });
        match self.binlog_format() {
            Some(format) => {
                line.push(format!("--log-bin={LOG_BASE}"));
                line.push(format!("--binlog-format={format}"));
                line.push("--log-slave-updates".into());
            }
            None => line.push("--skip-log-bin".into()),
        }
        line.extend([
            format!("--bind-address={}", self.address.ip()),
            format!("--port={}", self.address.port()),
            // In the data directory, which is the server's working directory: a socket's path must be short.
            "--socket=mysqld.sock".into(),
            format!("--pid-file={}", self.folder.join("mysqld.pid").display()),
            format!("--server-id={}", self.number),
            format!("--read-only={}", u8::from(self.read_only)),
            "--relay-log=relay".into(),
            "--relay-log-recovery=1".into(),
            // 8.0.15 on an upgraded 5.7 directory refuses the tables of the same purpose (error 1794).
            "--master-info-repository=FILE".into(),
            "--relay-log-info-repository=FILE".into(),
            "--slave-net-timeout=10".into(),
        ]);
        line.extend(
            [
                "--innodb-buffer-pool-size=96M",
                "--skip-name-resolve",
                "--skip-ssl",
                "--loose-mysqlx=OFF",
                "--loose-default-authentication-plugin=mysql_native_password",
                "--default-time-zone=+00:00",
            ]
            .map(String::from),
        );
        if !self.replicate {
            line.push("--skip-slave-start".into());
        }
        line
    }

    fn place(&self) -> Vec<String> {
        vec![
            "--no-defaults".into(),
            format!("--user={}", if is_root() { "root" } else { "mysql" }),
            format!("--basedir={}", self.base.display()),
            format!("--datadir={}", self.folder.join("data").display()),
            format!("--tmpdir={}", self.folder.join("tmp").display()),
            format!("--log-error={}", self.folder.join("error.log").display()),
            format!("--innodb-log-file-size={REDO_BYTES}"),
        ]
    }

    fn theirs(&self) -> impl Iterator<Item = String> + '_ {
        passed(self.settings)
            .filter(|(name, _)| name != "binlog_format")
            .map(|(name, value)| format!("--loose-{name}={value}"))
    }

    fn binlog_format(&self) -> Option<String> {
        // Cluster level comes first, so the last mention is the nearer one.
        let set = self.settings.iter().rev().find(|(name, _)| name.replace('-', "_") == "binlog_format");
        match (set, self.engine) {
            (Some((_, value)), _) if value.eq_ignore_ascii_case("OFF") => None,
            (Some((_, value)), _) => Some(value.to_uppercase()),
            (None, Engine::Aurora) => None,
            (None, Engine::Rds) => Some("MIXED".into()),
        }
    }
}

/// The parameters that reach the server, by the names it knows: no formulas, nothing the sandbox decides itself.
pub(super) fn passed(settings: &Settings) -> impl Iterator<Item = (String, &String)> {
    settings.iter().filter_map(|(name, value)| {
        let name = name.replace('-', "_").to_lowercase();
        (!OURS.contains(&name.as_str()) && !value.contains('{')).then_some((name, value))
    })
}

/// The server refuses to run as root unless it is told so; for anyone else the option is without effect.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs_err::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::super::applier::Order;
    use super::*;

    fn serve(settings: &[(&str, &str)], engine: Engine) -> Vec<String> {
        let settings = settings.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let line = CommandLine {
            base: PathBuf::from("/base"),
            folder: PathBuf::from("/folder"),
            address: "127.80.10.151:3306".parse().unwrap(),
            number: 7,
            engine,
            settings: &settings,
            read_only: false,
            replicate: true,
            applier: Applier { workers: 4, order: Order::Free },
            is_green: false,
        };
        line.serve()
    }

    #[test]
    fn formulas_and_options_of_the_sandbox_are_left_out() {
        let line = serve(&[("max_connections", "{DBInstanceClassMemory/12582880}"), ("port", "1")], Engine::Rds);
        assert!(!line.iter().any(|option| option.starts_with("--loose-max_connections")));
        assert!(!line.contains(&"--loose-port=1".to_string()));
    }

    #[test]
    fn a_user_parameter_is_passed_so_that_an_unknown_one_does_no_harm() {
        let line = serve(&[("query_cache_size", "0")], Engine::Rds);
        assert!(line.contains(&"--loose-query_cache_size=0".to_string()));
    }

    #[test]
    fn aurora_writes_no_binary_log_unless_told_to() {
        assert!(serve(&[], Engine::Aurora).contains(&"--skip-log-bin".to_string()));
        assert!(serve(&[("binlog_format", "OFF")], Engine::Rds).contains(&"--skip-log-bin".to_string()));
        assert!(serve(&[("binlog_format", "row")], Engine::Aurora).contains(&"--binlog-format=ROW".to_string()));
    }
}
