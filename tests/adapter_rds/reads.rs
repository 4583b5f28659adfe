//! Reads ride out what passes, and end with one clear word on what does not.

use std::time::Duration;

use tokio::time::Instant;
use upgrade::{
    adapter::rds::{Connection, Reader},
    error::Kind,
    port::rds::{DeploymentFilter, RdsRead as _},
};

use crate::{
    answers::CLUSTER,
    script::{Reply, Script, config, deaf, document, limits},
};

fn cluster() -> Reply {
    Reply::xml("DescribeDBClusters", &format!("<DBClusters>{CLUSTER}</DBClusters>"))
}

#[tokio::test]
async fn trouble_that_passes_is_not_seen() {
    let half = document("DescribeDBClusters", &format!("<DBClusters>{CLUSTER}</DBClusters>"));
    let half = half[..half.len() / 2].to_owned();
    for trouble in [
        Reply::error(400, "Throttling"),
        Reply::error(400, "ThrottlingException"),
        Reply::error(503, "RequestLimitExceeded"),
        Reply::error(500, "InternalFailure"),
        Reply::error(503, "ServiceUnavailable"),
        Reply::html(503),
        Reply::html(504),
        Reply::html(200),
        Reply::Close,
        Reply::Cut(half.clone()),
        Reply::Unframed(half.clone()),
        Reply::Silence,
    ] {
        let script = Script::of(vec![trouble.clone(), trouble.clone(), cluster()]).await;
        let found = script.reader().cluster("orders").await;
        assert_eq!(found.unwrap_or_else(|error| panic!("{trouble:?}: {error:?}")).unwrap().id, "orders");
        assert_eq!(script.requests().len(), 3, "{trouble:?}");
    }
}

#[tokio::test]
async fn trouble_that_lasts_is_transient_and_says_how_long() {
    for (trouble, seen) in [
        (Reply::error(400, "Throttling"), "it answered Throttling (HTTP 400): about Throttling"),
        (Reply::html(503), "the answer (HTTP 503) is not one of RDS"),
        (Reply::Close, "no whole answer came"),
    ] {
        let script = Script::of(vec![trouble]).await;
        let started = Instant::now();
        let error = script.reader().cluster("orders").await.unwrap_err();
        assert_eq!(error.kind, Kind::Transient);
        assert!(error.message.contains("DescribeDBClusters of orders for "), "{error}");
        assert!(error.message.contains(seen), "{error}");
        assert!(error.hint.is_some());
        assert!(started.elapsed() < limits().patience + limits().attempt);
        assert!(script.requests().len() > 20, "{}", script.requests().len());
    }
}

#[tokio::test]
async fn what_does_not_pass_is_asked_once() {
    for (code, status, hint) in [
        ("ExpiredToken", 403, "Log in again"),
        ("ExpiredTokenException", 400, "Log in again"),
        ("AccessDenied", 403, "get-caller-identity"),
        ("InvalidClientTokenId", 403, "get-caller-identity"),
        ("RequestTimeTooSkewed", 403, "clock"),
    ] {
        let script = Script::of(vec![Reply::error(status, code)]).await;
        let error = script.reader().cluster("orders").await.unwrap_err();
        assert_eq!(error.kind, Kind::Permanent, "{code}");
        assert!(error.message.contains(code) && error.message.contains("http://127.0.0.1:"), "{error}");
        assert!(error.hint.as_deref().unwrap().contains(hint), "{code}: {:?}", error.hint);
        assert_eq!(script.requests().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn nobody_there_is_transient_after_a_short_while() {
    let reader = Reader::new(Connection::with_config(config(deaf().await), limits()));
    let error = reader.cluster("orders").await.unwrap_err();
    assert_eq!(error.kind, Kind::Transient);
    assert!(error.message.contains("no connection could be made"), "{error}");
    assert!(error.hint.as_deref().unwrap().contains("AWS_ENDPOINT_URL"), "{:?}", error.hint);
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let script = Script::of(vec![cluster()]).await;
    let mut config = script.config().into_builder();
    config.set_credentials_provider(None);
    let reader = Reader::new(Connection::with_config(config.build(), limits()));
    let error = reader.cluster("orders").await.unwrap_err();
    assert_eq!(error.kind, Kind::Permanent);
    assert!(error.message.contains("no usable AWS credentials"), "{error:?}");
    assert!(error.hint.as_deref().unwrap().contains("aws sso login"));
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn without_a_region_nothing_is_sent() {
    let script = Script::of(vec![cluster()]).await;
    let mut config = script.config().into_builder();
    config.set_region(None);
    let error = Reader::new(Connection::with_config(config.build(), limits())).cluster("orders").await.unwrap_err();
    assert_eq!(error.kind, Kind::Permanent, "{error:?}");
    assert!(error.hint.as_deref().unwrap().contains("region"), "{error:?}");
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    let script = Script::of(vec![Reply::error(404, "DBClusterNotFoundFault")]).await;
    assert_eq!(script.reader().cluster("orders").await.unwrap(), None);
    let script = Script::of(vec![Reply::error(404, "DBInstanceNotFound")]).await;
    assert_eq!(script.reader().instance("orders-1").await.unwrap(), None);
    let script = Script::of(vec![Reply::error(404, "BlueGreenDeploymentNotFoundFault")]).await;
    assert_eq!(script.reader().deployments(&DeploymentFilter::Id("bgd-1".into())).await.unwrap(), []);
    let script = Script::of(vec![Reply::xml("DescribeDBClusters", "<DBClusters/>")]).await;
    assert_eq!(script.reader().cluster("orders").await.unwrap(), None);
}

#[tokio::test]
async fn not_found_by_a_proxy_is_not_none() {
    let script = Script::of(vec![Reply::html(404)]).await;
    assert_eq!(script.reader().cluster("orders").await.unwrap_err().kind, Kind::Transient);
}

#[tokio::test]
async fn another_cluster_than_the_one_asked_for_is_an_error() {
    let script = Script::of(vec![cluster()]).await;
    let error = script.reader().cluster("payments").await.unwrap_err();
    assert_eq!(error.kind, Kind::Permanent);
    assert!(script.reader().cluster("ORDERS").await.unwrap().is_some(), "identifiers know no case");
}

#[tokio::test]
async fn all_pages_are_followed_also_behind_an_empty_one_and_trouble_between() {
    let script = Script::new(|n, form| match n {
        0 if !form.contains("Marker=") => page("a", "m1"),
        1 => Reply::error(400, "Throttling"),
        2 if form.contains("Marker=m1") => Reply::xml("DescribeDBClusters", "<DBClusters/><Marker>m2</Marker>"),
        3 if form.contains("Marker=m2") => page("b", ""),
        _ => Reply::error(400, "OutOfScript"),
    })
    .await;
    let ids: Vec<_> = script.reader().clusters().await.unwrap().into_iter().map(|cluster| cluster.id).collect();
    assert_eq!(ids, ["a", "b"]);
}

#[tokio::test]
async fn a_list_cut_between_two_items_is_not_a_shorter_list() {
    let whole = document("DescribeDBClusters", &format!("<DBClusters>{CLUSTER}{CLUSTER}</DBClusters>"));
    let cut = whole[..whole.find("</DBCluster>").unwrap() + "</DBCluster>".len()].to_owned();
    let script = Script::of(vec![Reply::Unframed(cut), Reply::Answer(200, "text/xml", whole)]).await;
    assert_eq!(script.reader().clusters().await.unwrap().len(), 2);
}

#[tokio::test]
async fn pages_that_never_end_are_an_error() {
    let script = Script::new(|_, _| page("a", "m1")).await;
    let reading = tokio::time::timeout(Duration::from_secs(20), async { script.reader().clusters().await });
    assert_eq!(reading.await.unwrap().unwrap_err().kind, Kind::Permanent);
}

fn page(id: &str, marker: &str) -> Reply {
    let cluster = CLUSTER.replace("<DBClusterIdentifier>orders<", &format!("<DBClusterIdentifier>{id}<"));
    Reply::xml("DescribeDBClusters", &format!("<DBClusters>{cluster}</DBClusters><Marker>{marker}</Marker>"))
}
