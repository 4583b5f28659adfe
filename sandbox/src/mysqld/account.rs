//! The accounts and routines of a database that RDS made: a master user without SUPER, and `mysql.rds_…`.

use fs_err::File;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use serde::{Deserialize, Serialize};
use std::io::Read;

use crate::error::{Doing, Result};

/// A user and its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    pub user: String,
    pub password: String,
}

/// The accounts of one sandbox, the same on every server of it. Each password is made anew for each sandbox, and begins with
/// a word by which `./test` finds it where it must not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// The sandbox's own, with SUPER, as AWS keeps one for itself.
    pub admin: Login,
    /// The master user: what an operator has on RDS.
    pub upgrade: Login,
    /// Reads the binary log and takes the first snapshot.
    pub cdc: Login,
    /// The application.
    pub app: Login,
    /// Green's way into blue.
    pub replication: Login,
    /// Writes the sink.
    pub sink: Login,
}

/// How every password of a sandbox begins.
pub const CANARY: &str = "canary-";

/// The privileges of a master user on RDS for MySQL 5.7.
const MASTER: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, \
     CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, \
     CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER";
const READER: &str = "SELECT, RELOAD, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT";
const WRITER: &str = "SELECT, INSERT, UPDATE, DELETE, EXECUTE, CREATE TEMPORARY TABLES, LOCK TABLES";
const OWNER: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, SHOW DATABASES";

impl Accounts {
    pub fn generate() -> Result<Self> {
        let login = |user: &str| -> Result<Login> {
            Ok(Login { user: user.into(), password: format!("{CANARY}{}", random_hex()?) })
        };
        Ok(Self {
            admin: login("rdsadmin")?,
            upgrade: login("upgrade")?,
            cdc: login("cdc")?,
            app: login("app")?,
            replication: login("replication")?,
            sink: login("sink")?,
        })
    }

    /// What the very first start of a server executes, one statement a line; none of it enters the binary log.
    pub(super) fn first_statements(&self) -> String {
        let mut lines = vec!["SET SESSION sql_log_bin = 0".to_owned()];
        let granted: [(&Login, &str, &str); 6] = [
            (&self.admin, "ALL", " WITH GRANT OPTION"),
            (&self.upgrade, MASTER, " WITH GRANT OPTION"),
            (&self.cdc, READER, ""),
            (&self.app, WRITER, ""),
            (&self.replication, "REPLICATION SLAVE", ""),
            (&self.sink, OWNER, ""),
        ];
        for (Login { user, password }, privileges, option) in granted {
            lines.push(format!("CREATE USER '{user}'@'%' IDENTIFIED WITH mysql_native_password BY '{password}'"));
            lines.push(format!("GRANT {privileges} ON *.* TO '{user}'@'%'{option}"));
        }
        lines.iter().map(|line| format!("{line};\n")).collect()
    }
}

/// The table and the procedures by which RDS keeps what is not a server variable, above all the binary log's retention.
/// Each server keeps its own: nothing of it enters the binary log.
pub(super) async fn add_rds_routines(conn: &mut Conn) -> Result<()> {
    const STATEMENTS: [&str; 6] = [
        "SET SESSION sql_log_bin = 0",
        "CREATE TABLE mysql.rds_configuration (name VARCHAR(100) NOT NULL PRIMARY KEY, value VARCHAR(100), \
         description VARCHAR(300) NOT NULL) ENGINE = InnoDB",
        "INSERT INTO mysql.rds_configuration VALUES \
         ('binlog retention hours', NULL, 'binlog retention hours specifies the duration in hours before binary logs \
         are automatically deleted.'), \
         ('source delay', '0', 'source delay specifies replication delay in seconds between current instance and its \
         master.'), \
         ('target delay', '0', 'target delay specifies replication delay in seconds between current instance and its \
         future read-replica.')",
        "CREATE PROCEDURE mysql.rds_set_configuration(IN wanted VARCHAR(30), IN setting INT) SQL SECURITY DEFINER \
         BEGIN \
           DECLARE logging BOOLEAN DEFAULT @@SESSION.sql_log_bin; \
           IF NOT EXISTS (SELECT 1 FROM mysql.rds_configuration WHERE name = wanted) THEN \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Unknown configuration parameter'; \
           END IF; \
           SET SESSION sql_log_bin = 0; \
           UPDATE mysql.rds_configuration SET value = setting WHERE name = wanted; \
           SET SESSION sql_log_bin = logging; \
         END",
        "CREATE PROCEDURE mysql.rds_show_configuration() SQL SECURITY DEFINER \
         SELECT name, value, description FROM mysql.rds_configuration",
        "SET SESSION sql_log_bin = 1",
    ];
    for statement in STATEMENTS {
        conn.query_drop(statement).await.doing("Adding the routines of RDS")?;
    }
    Ok(())
}

fn random_hex() -> Result<String> {
    let mut bytes = [0_u8; 10];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
