//! The MySQL adapter.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it must be, helpers too")]

mod real;
mod tables;
mod tls;

use std::{net::SocketAddr, path::Path, sync::Arc};

use upgrade::{
    adapter::{
        mysql::{Login, Mysql},
        secrets::StoredSecrets,
    },
    error::Kind,
    port::mysql::Tls,
    port::mysql::{Address, MysqlRead as _},
    secret::SecretRef,
};

fn mysql(user: &str, password: &str, tls: Tls, ca_file: Option<&Path>) -> Mysql {
    let value = password.to_owned();
    let secrets = StoredSecrets::new(move |name| (name == "PASSWORD").then(|| value.clone().into()));
    let login = Login {
        user: user.into(),
        password: SecretRef::Env("PASSWORD".into()),
        tls,
        ca_file: ca_file.map(Path::to_owned),
    };
    Mysql::new(login, Arc::new(secrets))
}

fn address(at: SocketAddr) -> Address {
    Address { host: at.ip().to_string(), port: at.port() }
}

#[tokio::test]
async fn nobody_there_and_nobody_answering() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = address(listener.local_addr().unwrap());
    let closed = address(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap());
    let nameless = Address { host: "orders.invalid".into(), port: 3306 };
    let mysql = mysql("upgrade", "canary-secret", Tls::Disabled, None);
    for at in [silent, closed, nameless] {
        let error = mysql.server(&at).await.unwrap_err();
        assert_eq!(error.kind, Kind::Transient, "{error:?}");
        assert!(error.message.contains(&at.to_string()) && error.hint.is_some(), "{error:?}");
    }
}
