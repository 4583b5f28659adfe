//! Faults as they look from the SDK's side of the socket.

use std::time::Duration;

use aws_sdk_rds::config::timeout::TimeoutConfig;
use aws_sdk_rds::error::SdkError;
use sandbox::region::{Action, Breakage, Calls, Fault, Faults, Rule};

use crate::world::World;

const REBOOT: Action = Action::RebootDBInstance;

fn once(fault: Fault) -> Faults {
    Faults { rules: vec![Rule::new(REBOOT, Calls::Nth(1), fault)], ..Default::default() }
}

/// Whether the reboot took effect.
fn applied(world: &World) -> bool {
    world.api.with(|region| region.instance("shop").unwrap().status == "rebooting")
}

#[tokio::test]
async fn a_lost_reply_looks_like_a_broken_connection() {
    for how in [Breakage::Closed, Breakage::Reset, Breakage::CutShort, Breakage::GatewayTimeout] {
        for before in [true, false] {
            let fault = if before { Fault::CallLost(how) } else { Fault::ReplyLost(how) };
            let world = World::new(once(fault)).await;
            let error = world.client.reboot_db_instance().db_instance_identifier("shop").send().await.unwrap_err();
            match how {
                Breakage::Closed | Breakage::Reset => {
                    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}")
                }
                Breakage::GatewayTimeout => {
                    assert_eq!(error.raw_response().unwrap().status().as_u16(), 504);
                    assert_eq!(error.into_service_error().meta().code(), None);
                }
                _ => assert!(!matches!(error, SdkError::TimeoutError(_)), "{error:?}"),
            }
            assert_eq!(applied(&world), !before, "{how:?}");
            let requests = world.api.with(|region| region.requests().to_vec());
            assert_eq!((requests.len(), requests[0].applied(), requests[0].mutating), (1, !before, true));
            assert_eq!(world.api.with(|region| region.faults().rules[0].struck), 1);
            // The next call is answered on a connection that works.
            world.client.describe_db_instances().send().await.unwrap();
        }
    }
}

#[tokio::test]
async fn silence_lasts_until_the_caller_gives_up() {
    let world = World::new(once(Fault::ReplyLost(Breakage::Silence))).await;
    let patience = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(300)).build();
    let hasty = aws_sdk_rds::config::Builder::new().timeout_config(patience);
    let call = world.client.reboot_db_instance().db_instance_identifier("shop");
    let error = call.customize().config_override(hasty).send().await.unwrap_err();
    assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
    assert!(applied(&world));
}

#[tokio::test]
async fn refusals_have_their_codes_and_statuses() {
    let cases = [
        (Fault::Throttle, 400, Some("Throttling")),
        (Fault::Internal, 500, Some("InternalFailure")),
        (Fault::Unavailable, 503, Some("ServiceUnavailable")),
        (Fault::HtmlUnavailable, 503, None),
        (Fault::ExpiredToken, 403, Some("ExpiredToken")),
    ];
    for (fault, status, code) in cases {
        let world = World::new(once(fault)).await;
        let error = world.client.reboot_db_instance().db_instance_identifier("shop").send().await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
        assert_eq!(error.into_service_error().meta().code(), code);
        assert!(!applied(&world));
    }
}

#[tokio::test]
async fn an_unknown_action_is_refused() {
    let world = World::new(Faults::default()).await;
    let error = world.client.describe_db_proxies().send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("InvalidAction"));
}
