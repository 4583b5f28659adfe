//! How the CDC jobs log in: the options of their tables, with the secrets put in.

use url::Url;

use super::contract::{Known, Read};
use crate::{
    error::{Error, Result},
    handover::consumer::flink_sql::{self, Table},
    port::{mysql::Address, tables::Login},
    secret::Secret,
};

const MYSQL_PORT: u16 = 3306;
/// How addresses begin that lead to one MySQL server.
const SCHEMES: [&str; 3] = ["jdbc:mysql://", "jdbc:aws-wrapper:mysql://", "jdbc:mysql:aws://"];

/// A table that a job writes, and how it is reached.
#[derive(Debug, Clone)]
pub(super) struct SinkTable {
    pub login: Login,
    pub schema: String,
    pub table: String,
}

/// How a mysql-cdc table logs in.
///
/// # Errors
/// `Usage` where an option is missing or a secret of it is not known.
pub(super) fn source(read: &Read, known: &Known, table: &Table) -> Result<Login> {
    let option = |key: &str| needed(read, known, table, key);
    let port = match table.option("port") {
        None => MYSQL_PORT,
        Some(_) => option("port")?
            .expose()
            .trim()
            .parse()
            .map_err(|_| Error::usage(format!("Option 'port' of table {} is no number of a port", table.name)))?,
    };
    Ok(Login {
        address: Address { host: option("hostname")?.expose().to_owned(), port },
        user: option("username")?.expose().to_owned(),
        password: option("password")?,
    })
}

/// How a jdbc table logs in, and what it writes.
///
/// # Errors
/// `Usage` where an option is missing, is no address of one MySQL server, or a secret of it is not known.
pub(super) fn sink(read: &Read, known: &Known, table: &Table) -> Result<SinkTable> {
    let url = needed(read, known, table, "url")?;
    let place = Place::of(url.expose()).ok_or_else(|| {
        Error::usage(format!("Option 'url' of table {} is no address of one MySQL server and database", table.name))
            .hint("Write jdbc:mysql://host:port/database?…")
    })?;
    let given = |key: &str, in_url: Option<String>| match table.option(key) {
        Some(_) => needed(read, known, table, key),
        None => in_url.map(Secret::new).ok_or_else(|| lacks(table, key)),
    };
    let login = Login {
        address: place.address,
        user: given("username", place.user)?.expose().to_owned(),
        password: given("password", place.password)?,
    };
    let name = needed(read, known, table, "table-name")?.expose().to_owned();
    Ok(SinkTable { login, schema: place.database, table: name })
}

fn lacks(table: &Table, key: &str) -> Error {
    Error::usage(format!("Table {} of the script lacks the option '{key}'", table.name))
}

/// The value of an option, `${secret:NAME}` put in.
fn needed(read: &Read, known: &Known, table: &Table, key: &str) -> Result<Secret> {
    let value = table.option(key).ok_or_else(|| lacks(table, key))?;
    flink_sql::put_in(value, |name| {
        let reference = known.playbook.secrets.get(name).ok_or_else(|| {
            Error::usage(format!("The secret {name} of option '{key}' of table {} is not known", table.name))
                .hint(format!("Add {name} under `secrets` of the playbook"))
        })?;
        read.secrets.resolve(reference)
    })
}

/// What an address says.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    address: Address,
    database: String,
    user: Option<String>,
    password: Option<String>,
}

impl Place {
    fn of(url: &str) -> Option<Self> {
        let rest = SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme))?;
        let parsed = Url::parse(&format!("mysql://{rest}")).ok()?;
        let host = parsed.host_str().filter(|host| !host.contains(['(', ',']))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let database = decoded(parsed.path().trim_start_matches('/'))?;
        let parameter = |name: &str| parsed.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into());
        Some(Self {
            address: Address { host, port: parsed.port().unwrap_or(MYSQL_PORT) },
            database: Some(database).filter(|database| !database.is_empty())?,
            user: Some(parsed.username())
                .filter(|user| !user.is_empty())
                .and_then(decoded)
                .or_else(|| parameter("user")),
            password: parsed.password().and_then(decoded).or_else(|| parameter("password")),
        })
    }
}

/// `%20` as a space.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Option<(String, String, Option<String>, Option<String>)> {
        Place::of(url).map(|place| (place.address.to_string(), place.database, place.user, place.password))
    }

    #[test]
    fn addresses_are_read() {
        let plain = |at: &str, database: &str| Some((at.to_owned(), database.to_owned(), None, None));
        assert_eq!(place("jdbc:mysql://sink:3307/shop?useSSL=false"), plain("sink:3307", "shop"));
        assert_eq!(place("jdbc:mysql://sink/my%20shop"), plain("sink:3306", "my shop"));
        assert_eq!(place("jdbc:aws-wrapper:mysql://sink/shop"), plain("sink:3306", "shop"));
        let with = |user: &str, password: &str| {
            Some(("sink:3306".to_owned(), "shop".to_owned(), Some(user.to_owned()), Some(password.to_owned())))
        };
        assert_eq!(place("jdbc:mysql://me:p%40ss@sink/shop"), with("me", "p@ss"));
        assert_eq!(place("jdbc:mysql://sink/shop?user=me&password=a%26b"), with("me", "a&b"));
    }

    #[test]
    fn a_secret_is_put_in_as_it_is() {
        let secret = |name: &str| match name {
            "A" => Ok(Secret::new("canary-${secret:B}")),
            "B" => Ok(Secret::new("canary-${secret:A}")),
            other => Err(Error::usage(other)),
        };
        let filled = |value: &str| flink_sql::put_in(value, secret).map(|secret| secret.expose().to_owned());
        assert_eq!(filled("${secret:A} ${secret:B}").unwrap(), "canary-${secret:B} canary-${secret:A}");
        assert_eq!(filled("it's ${secret:A}").unwrap(), "it's canary-${secret:B}");
        assert_eq!(filled("no ${secret: of}").unwrap(), "no ${secret: of}");
        assert_eq!(filled("${secret:C}").unwrap_err().message, "C");
    }

    #[test]
    fn other_addresses_are_not() {
        for url in [
            "jdbc:mysql://a:1,b:2/shop",
            "jdbc:mysql:replication://a,b/shop",
            "jdbc:postgresql://sink/shop",
            "jdbc:mysql://sink:3306",
            "jdbc:mysql://address=(host=a)(port=1)/shop",
        ] {
            assert_eq!(place(url), None, "{url}");
        }
    }
}
