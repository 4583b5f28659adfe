//! One read-only connection, and the time everything on it may take.

use std::time::Duration;

use mysql_async::{Conn, OptsBuilder, Params, Row, ServerError, prelude::Queryable as _};
use tokio::time::timeout;

use super::{
    failure,
    login::{Encryption, Login},
};
use crate::{
    error::{Error, Result},
    port::{mysql::Address, secrets::Secrets, tables},
    secret::{Secret, SecretRef, scrub},
};

/// Name look-up, connection, TLS, login and session settings together.
const CONNECT: Duration = Duration::from_secs(5);
/// One statement with all its rows. The server ends a SELECT by itself after this time too.
pub(super) const QUERY: Duration = Duration::from_secs(10);
const GOODBYE: Duration = Duration::from_secs(1);

pub(super) struct Session<'a> {
    conn: Conn,
    place: Place<'a>,
    hidden: Hidden,
}

/// What no message may show, whatever a server or something between says.
#[derive(Debug, Clone)]
pub(super) struct Hidden(Secret);

impl Hidden {
    pub(super) fn from(&self, error: Error) -> Error {
        error.with_texts(|text| scrub(text, std::slice::from_ref(&self.0)))
    }
}

/// Who asks where, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) at: &'a Address,
    pub(super) user: &'a str,
    /// Where the password is kept; `None` where it came with a job's script.
    pub(super) password: Option<&'a SecretRef>,
}

impl<'a> Session<'a> {
    /// The password is looked up for each connection, so that one that was rotated during a long run is used.
    pub(super) async fn open(login: &'a Login, secrets: &dyn Secrets, at: &'a Address) -> Result<Self> {
        let place = Place { at, user: &login.user, password: Some(&login.password) };
        let password = secrets.resolve(&login.password)?;
        let options = login.encryption().options(at, &login.user, &password).await?;
        Self::connect(place, options, Hidden(password)).await
    }

    /// As a job logs in.
    pub(super) async fn open_as(encryption: &Encryption, login: &'a tables::Login) -> Result<Self> {
        let place = Place { at: &login.address, user: &login.user, password: None };
        let options = encryption.options(&login.address, &login.user, &login.password).await?;
        Self::connect(place, options, Hidden(login.password.clone())).await
    }

    async fn connect(place: Place<'a>, options: OptsBuilder, hidden: Hidden) -> Result<Self> {
        match timeout(CONNECT, Conn::new(options)).await {
            Ok(Ok(conn)) => Ok(Self { conn, place, hidden }),
            Ok(Err(error)) => Err(hidden.from(failure::of_connecting(place, &error))),
            Err(_) => Err(failure::not_connected(place, CONNECT)),
        }
    }

    /// As the server introduced itself: `(8, 0, 15)`.
    pub(super) fn version(&self) -> (u16, u16, u16) {
        self.conn.server_version()
    }

    /// All rows of the first result of `statement`, or the server's refusal.
    pub(super) async fn try_rows(&mut self, statement: &str) -> Result<std::result::Result<Vec<Row>, ServerError>> {
        match timeout(QUERY, self.conn.query(statement)).await {
            Ok(Ok(rows)) => Ok(Ok(rows)),
            Ok(Err(mysql_async::Error::Server(refusal))) => Ok(Err(refusal)),
            Ok(Err(error)) => Err(self.hidden.from(failure::of_asking(self.place, statement, &error))),
            Err(_) => Err(failure::too_late(self.place, statement, QUERY)),
        }
    }

    pub(super) async fn rows(&mut self, statement: &str) -> Result<Vec<Row>> {
        self.try_rows(statement).await?.map_err(|refusal| self.refused(statement, refusal))
    }

    /// Each row of the first result of `statement` as it comes, within `limit`; how many warnings there are, or the server's
    /// refusal.
    pub(super) async fn try_each(
        &mut self,
        statement: &str,
        limit: Duration,
        each: &mut (dyn FnMut(Row) + Send),
    ) -> Result<std::result::Result<u16, ServerError>> {
        let conn = &mut self.conn;
        let read = async move {
            let mut result = conn.query_iter(statement).await?;
            while let Some(row) = result.next().await? {
                each(row);
            }
            result.drop_result().await?;
            Ok(conn.get_warnings())
        };
        match timeout(limit, read).await {
            Ok(Ok(warnings)) => Ok(Ok(warnings)),
            Ok(Err(mysql_async::Error::Server(refusal))) => Ok(Err(refusal)),
            Ok(Err(error)) => Err(self.hidden.from(failure::of_asking(self.place, statement, &error))),
            Err(_) => Err(failure::too_late(self.place, statement, limit)),
        }
    }

    /// All rows of a statement with values for its `?`.
    pub(super) async fn rows_of(&mut self, statement: &str, values: &[&str]) -> Result<Vec<Row>> {
        match timeout(QUERY, self.conn.exec(statement, Params::Positional(values.iter().map(Into::into).collect())))
            .await
        {
            Ok(answer) => answer.map_err(|error| self.hidden.from(failure::of_asking(self.place, statement, &error))),
            Err(_) => Err(failure::too_late(self.place, statement, QUERY)),
        }
    }

    /// All rows of a statement that holds values of rows, which no message may show: `what` names it there.
    pub(super) async fn rows_unshown(&mut self, what: &str, statement: &str) -> Result<Vec<Row>> {
        match timeout(QUERY, self.conn.query(statement)).await {
            Ok(answer) => answer.map_err(|error| self.hidden.from(failure::of_asking(self.place, what, &error))),
            Err(_) => Err(failure::too_late(self.place, what, QUERY)),
        }
    }

    pub(super) fn refused(&self, statement: &str, refusal: ServerError) -> Error {
        self.hidden.from(failure::of_asking(self.place, statement, &refusal.into()))
    }

    /// For whoever turns the connection into something else.
    pub(super) fn into_parts(self) -> (Conn, Place<'a>, Hidden) {
        (self.conn, self.place, self.hidden)
    }

    /// Says goodbye, so that the server does not count an aborted connection.
    pub(super) async fn close(self) {
        // Whatever becomes of it, the answers are here.
        let _ = timeout(GOODBYE, self.conn.disconnect()).await;
    }
}
