//! Errors of the driver and of servers as kinds, with who asked where and never the password.

use std::time::Duration;

use mysql_async::{DriverError, Error as Driver, IoError, ServerError};

use super::session::Place;
use crate::{
    error::{Error, Kind},
    port::{binlog, mysql::Address},
};

pub(super) fn of_connecting(place: Place<'_>, error: &Driver) -> Error {
    of(place, "a login", error)
}

pub(super) fn of_asking(place: Place<'_>, statement: &str, error: &Driver) -> Error {
    of(place, &format!("an answer to {statement}"), error)
}

pub(super) fn too_late(place: Place<'_>, what: &str, limit: Duration) -> Error {
    silent(format!("Expected {what} from MySQL at {}; nothing came within {} s", place.at, limit.as_secs()))
}

/// The limit is one for all that comes before the first question.
pub(super) fn not_connected(place: Place<'_>, limit: Duration) -> Error {
    let (at, limit) = (place.at, limit.as_secs());
    silent(format!(
        "Expected a connection to MySQL at {at}, with login and session settings; it was not complete within {limit} s"
    ))
}

fn silent(message: String) -> Error {
    Error::transient(message)
        .hint("See whether this machine reaches it (security group, route), and whether the server is overloaded")
}

/// Of the stream of a binary log, which had come as far as `at`.
pub(super) fn of_reading(place: Place<'_>, at: &binlog::Place, error: &Driver) -> Error {
    let Driver::Server(refusal) = error else { return of(place, &format!("the binary log from {at}"), error) };
    let mut error = of(place, &format!("the binary log from {at}"), error);
    let told = |words: &str| refusal.message.contains(words);
    error.hint = match refusal.code {
        1236 if told("Could not find first log file") => Some(format!(
            "{} is not there any more, or it is a file of another server: see SHOW BINARY LOGS there, and keep logs for \
             longer (RDS: `binlog retention hours`)",
            at.file
        )),
        1236 if told("server_uuid/server_id") => {
            error.kind = Kind::Transient;
            Some("Another reader took the same server id; the same command takes another one".to_owned())
        }
        1236 if told("position > file size") => {
            Some(format!("{} is shorter than that: the place is one of another server", at.file))
        }
        1236 => Some("No event begins at that place: it is one of another server, or the file is damaged".to_owned()),
        1227 | 1045 => {
            let user = &place.user;
            Some(format!("GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {user} (there, or on blue)"))
        }
        _ => error.hint,
    };
    error
}

pub(super) fn unreadable(place: Place<'_>, at: &binlog::Place, why: &str) -> Error {
    Error::permanent(format!("Expected a binary log from MySQL at {}; at {at} {why}", place.at))
        .hint("Begin to read at the begin of a transaction, or of a file (position 4)")
}

pub(super) fn no_previous_gtids(at: &Address, file: &str) -> Error {
    Error::permanent(format!("Expected {file} of MySQL at {at} to tell the GTID set before it; it tells none"))
        .hint("See whether GTID was on there when the file was begun")
}

fn of(place: Place<'_>, expected: &str, error: &Driver) -> Error {
    let begin = format!("Expected {expected} from MySQL at {} as user {}", place.at, place.user);
    match error {
        Driver::Server(refusal) => of_server(place, &begin, refusal),
        Driver::Io(IoError::Tls(tls)) => no_tls(&begin, tls, None),
        Driver::Io(IoError::Io(io)) if of_tls(io).is_some() => no_tls(&begin, io, of_tls(io)),
        Driver::Io(IoError::Io(io)) => Error::transient(format!("{begin}; the server was not reached, or went away"))
            .because(io)
            .hint("See whether the name resolves here, and whether the server runs and this machine reaches it"),
        Driver::Driver(DriverError::NoClientSslFlagFromServer) => {
            Error::permanent(format!("{begin}; the server offers no TLS"))
                .hint("Turn TLS on at the server, or say `tls: disabled` in the playbook's mysql section")
        }
        Driver::Driver(DriverError::ConnectionClosed) => {
            Error::transient(format!("{begin}; the server closed the connection"))
        }
        other => Error::permanent(format!("{begin}; the driver cannot go on")).because(other),
    }
}

fn of_tls(io: &std::io::Error) -> Option<&rustls::Error> {
    io.get_ref()?.downcast_ref()
}

fn no_tls(begin: &str, error: &(dyn std::error::Error + 'static), cause: Option<&rustls::Error>) -> Error {
    let hint = match cause {
        Some(rustls::Error::AlertReceived(_) | rustls::Error::PeerIncompatible(_)) => {
            "The server must offer TLS 1.2 or 1.3 with an ECDHE cipher"
        }
        _ => {
            "Name the certificates of its authority with `ca_file` in the playbook's mysql section (RDS: \
             global-bundle.pem), and the server by the name that its certificate has"
        }
    };
    Error::permanent(format!("{begin}; TLS could not be agreed on")).because(error).hint(hint)
}

fn of_server(place: Place<'_>, begin: &str, refusal: &ServerError) -> Error {
    let user = place.user;
    let (kind, hint) = match refusal.code {
        // Too many connections, shutting down, lock wait, killed, statement timed out.
        1040 | 1053 | 1203 | 1205 | 1317 | 1927 | 3024 | 3168 => (Kind::Transient, None),
        // Too many connections, or errors, of this user or host.
        1129 | 1226 => (Kind::Transient, Some("See the server's limits for this user and host".to_owned())),
        1045 | 1698 => (
            Kind::Permanent,
            Some(match place.password {
                Some(kept) => format!("See whether the password in {kept} is that of {user} there"),
                None => format!("See whether the password in the job's script is that of {user} there"),
            }),
        ),
        1130 => (Kind::Permanent, Some(format!("Let {user} log in from this machine's address"))),
        1820 | 1862 => (Kind::Permanent, Some(format!("The password of {user} has expired there: set a new one"))),
        1142 | 1143 | 1227 | 1370 | 1044 => (
            Kind::Permanent,
            Some(match place.password {
                Some(_) => {
                    format!("GRANT SELECT, PROCESS, REPLICATION CLIENT, EXECUTE ON *.* TO {user} (there, or on blue)")
                }
                None => format!("Grant {user} there what the job needs, SELECT on its tables above all"),
            }),
        ),
        _ => (Kind::Permanent, None),
    };
    let mut error = Error::new(kind, format!("{begin}; it answered error {}: {}", refusal.code, refusal.message));
    error.hint = hint;
    error
}
