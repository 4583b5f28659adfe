//! A write is sent once, and only what is certain to have had no effect is said to have had none.

use std::time::Duration;

use upgrade::{
    adapter::rds::{Connection, Writer},
    error::Kind,
    port::rds::{GroupRef, Level, NewDeployment, RdsWrite as _, Setting, Tags},
};

use crate::script::{Reply, Script, config, deaf, document, limits};

const ANSWER: &str = "<BlueGreenDeployment><BlueGreenDeploymentIdentifier>bgd-1</BlueGreenDeploymentIdentifier>\
                      </BlueGreenDeployment>";

#[tokio::test]
async fn a_lost_or_garbled_answer_leaves_the_outcome_unknown() {
    let whole = document("SwitchoverBlueGreenDeployment", ANSWER);
    let half = whole[..whole.len() / 2].to_owned();
    for reply in [
        Reply::Close,
        Reply::Silence,
        Reply::Cut(half.clone()),
        Reply::Unframed(half),
        Reply::html(504),
        Reply::html(500),
        Reply::html(200),
        Reply::html(403),
        Reply::error(500, "InternalFailure"),
        Reply::error(503, "ServiceUnavailable"),
        Reply::error(400, "RequestTimeout"),
        Reply::Answer(200, "text/xml", String::new()),
    ] {
        let script = Script::of(vec![reply.clone()]).await;
        let error = script.writer().switchover("bgd-1", Duration::from_secs(300)).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unknown, "{reply:?}: {error:?}");
        assert!(error.message.contains("SwitchoverBlueGreenDeployment of bgd-1"), "{error}");
        assert!(error.hint.as_deref().unwrap().contains("Look at bgd-1"), "{error:?}");
        assert_eq!(error.unchanged, None);
        assert_eq!(script.requests().len(), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn an_answer_with_a_code_proves_that_nothing_was_applied() {
    for (status, code, kind) in [
        (400, "Throttling", Kind::Transient),
        (503, "RequestLimitExceeded", Kind::Transient),
        (400, "InvalidDBInstanceState", Kind::Transient),
        (400, "InvalidBlueGreenDeploymentStateFault", Kind::Permanent),
        (404, "BlueGreenDeploymentNotFoundFault", Kind::Permanent),
        (400, "BlueGreenDeploymentAlreadyExistsFault", Kind::Conflict),
        (400, "InvalidParameterValue", Kind::Permanent),
        (403, "ExpiredToken", Kind::Permanent),
        (403, "AccessDenied", Kind::Permanent),
    ] {
        let script = Script::of(vec![Reply::error(status, code)]).await;
        let error = script.writer().switchover("bgd-1", Duration::from_secs(300)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{code}: {error:?}");
        assert_eq!(error.unchanged.as_deref(), Some("RDS applied nothing"), "{code}");
        assert_eq!(script.requests().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn expired_credentials_say_how_to_go_on() {
    let script = Script::of(vec![Reply::error(403, "ExpiredToken")]).await;
    let error = script.writer().reboot("green-1").await.unwrap_err();
    assert!(error.hint.as_deref().unwrap().contains("the run continues"), "{error:?}");
}

#[tokio::test]
async fn what_was_never_sent_is_said_so() {
    let writer = Writer::new(Connection::with_config(config(deaf().await), limits()));
    let error = writer.reboot("green-1").await.unwrap_err();
    assert_eq!((error.kind, error.unchanged.as_deref()), (Kind::Transient, Some("Nothing was sent")), "{error:?}");

    let script = Script::of(vec![Reply::Close]).await;
    let mut config = script.config().into_builder();
    config.set_credentials_provider(None);
    let writer = Writer::new(Connection::with_config(config.build(), limits()));
    let error = writer.reboot("green-1").await.unwrap_err();
    assert_eq!((error.kind, error.unchanged.as_deref()), (Kind::Permanent, Some("Nothing was sent")), "{error:?}");
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn every_write_names_what_it_is_about() {
    let script = Script::new(|_, form| {
        let action = form.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap().to_owned();
        Reply::xml(&action, if action.contains("BlueGreen") { ANSWER } else { "" })
    })
    .await;
    let writer = script.writer();
    let (cluster, instance) = (group(Level::Cluster), group(Level::Instance));
    let tags = Tags::from([("upgrade:run".to_owned(), "r 1".to_owned())]);
    let settings = [setting("binlog_format", "ROW", true), setting("max_connections", "100", false)];
    let new = NewDeployment {
        name: "orders-80".into(),
        source_arn: "arn:aws:rds:us-east-1:123456789012:cluster:orders".into(),
        engine_version: "8.0.mysql_aurora.3.08.2".into(),
        cluster_parameter_group: Some("g".into()),
        instance_parameter_group: None,
        tags: tags.clone(),
    };

    writer.create_parameter_group(&cluster, "aurora-mysql8.0", &tags).await.unwrap();
    writer.create_parameter_group(&instance, "mysql8.0", &tags).await.unwrap();
    writer.modify_parameter_group(&cluster, &settings).await.unwrap();
    writer.modify_parameter_group(&instance, &settings).await.unwrap();
    assert_eq!(writer.create_deployment(&new).await.unwrap(), "bgd-1");
    writer.attach_parameter_group("green", &cluster).await.unwrap();
    writer.attach_parameter_group("green-1", &instance).await.unwrap();
    writer.reboot("green-1").await.unwrap();
    writer.switchover("bgd-1", Duration::from_secs(300)).await.unwrap();
    writer.delete_deployment("bgd-1").await.unwrap();

    let tag = "Tags.Tag.1.Key=upgrade%3Arun&Tags.Tag.1.Value=r%201";
    let changes = "Parameters.Parameter.1.ParameterName=binlog_format&Parameters.Parameter.1.ParameterValue=ROW&\
                   Parameters.Parameter.1.ApplyMethod=pending-reboot&Parameters.Parameter.2.ParameterName=max_connections&\
                   Parameters.Parameter.2.ParameterValue=100&Parameters.Parameter.2.ApplyMethod=immediate";
    let expected: [&[&str]; 10] = [
        &["Action=CreateDBClusterParameterGroup&", "DBParameterGroupFamily=aurora-mysql8.0&", tag],
        &["Action=CreateDBParameterGroup&", "DBParameterGroupName=g&", "DBParameterGroupFamily=mysql8.0&", tag],
        &["Action=ModifyDBClusterParameterGroup&", "DBClusterParameterGroupName=g&", changes],
        &["Action=ModifyDBParameterGroup&", "DBParameterGroupName=g&", changes],
        &[
            "Action=CreateBlueGreenDeployment&",
            "BlueGreenDeploymentName=orders-80&",
            "cluster%3Aorders&",
            "TargetEngineVersion=8.0.mysql_aurora.3.08.2&",
            "TargetDBClusterParameterGroupName=g&",
            tag,
        ],
        &["Action=ModifyDBCluster&", "DBClusterIdentifier=green&", "ApplyImmediately=true"],
        &["Action=ModifyDBInstance&", "DBInstanceIdentifier=green-1&", "DBParameterGroupName=g"],
        &["Action=RebootDBInstance&", "DBInstanceIdentifier=green-1"],
        &["Action=SwitchoverBlueGreenDeployment&", "BlueGreenDeploymentIdentifier=bgd-1", "SwitchoverTimeout=300"],
        &["Action=DeleteBlueGreenDeployment&", "BlueGreenDeploymentIdentifier=bgd-1"],
    ];
    let requests = script.requests();
    assert_eq!(requests.len(), expected.len());
    for (request, parts) in requests.iter().zip(expected) {
        for part in parts {
            assert!(request.contains(part), "{part} in {request}");
        }
    }
    assert!(!requests[6].contains("ApplyImmediately"), "{}", requests[6]);
    assert!(!requests[9].contains("DeleteTarget"), "{}", requests[9]);
}

#[tokio::test]
async fn too_many_settings_are_not_sent() {
    let script = Script::of(vec![Reply::Close]).await;
    let settings: Vec<_> = (0..21).map(|n| setting(&format!("p{n}"), "1", true)).collect();
    let error = script.writer().modify_parameter_group(&group(Level::Cluster), &settings).await.unwrap_err();
    assert_eq!(error.kind, Kind::Bug);
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn an_accepted_deployment_without_an_identifier_is_unknown() {
    let script = Script::of(vec![Reply::xml("CreateBlueGreenDeployment", "")]).await;
    let new = NewDeployment {
        name: "orders-80".into(),
        source_arn: "arn".into(),
        engine_version: "8.0.42".into(),
        cluster_parameter_group: None,
        instance_parameter_group: None,
        tags: Tags::new(),
    };
    assert_eq!(script.writer().create_deployment(&new).await.unwrap_err().kind, Kind::Unknown);
}

fn group(level: Level) -> GroupRef {
    GroupRef { level, name: "g".into() }
}

fn setting(name: &str, value: &str, pending_reboot: bool) -> Setting {
    Setting { name: name.into(), value: value.into(), pending_reboot }
}
