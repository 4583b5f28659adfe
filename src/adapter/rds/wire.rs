//! What of a request reached the wire, and whether its answer came whole.

use std::sync::{Arc, OnceLock};

use aws_sdk_rds::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef},
    },
    error::BoxError,
};

use crate::secret::Secret;

/// Looks on while one request is sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Wire(Arc<OnceLock<Sent>>);

#[derive(Debug)]
struct Sent {
    endpoint: String,
    /// Session token and signature, which something between may repeat in its answer.
    secrets: Vec<Secret>,
}

impl Wire {
    /// `http://host:port` the request was handed to the network for; `None` while it was only prepared.
    pub(super) fn endpoint(&self) -> Option<&str> {
        self.0.get().map(|sent| sent.endpoint.as_str())
    }

    /// What was sent and must not be shown.
    pub(super) fn secrets(&self) -> &[Secret] {
        self.0.get().map_or(&[], |sent| &sent.secrets)
    }
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let uri = context.request().uri();
        let origin = uri.find("://").map_or(0, |at| at + 3);
        let end = uri[origin..].find('/').map_or(uri.len(), |at| origin + at);
        // An endpoint may be named with a login.
        let host = uri[origin..end].rsplit('@').next().unwrap_or_default();
        let headers = context.request().headers();
        let secrets = ["x-amz-security-token", "authorization"].into_iter().filter_map(|name| headers.get(name));
        self.0.get_or_init(|| Sent {
            endpoint: format!("{}{host}", &uri[..origin]),
            secrets: secrets.map(Secret::new).collect(),
        });
        Ok(())
    }

    /// The SDK's parser may take a body without its end for a shorter list.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let whole = |body: &[u8]| body.trim_ascii_end().ends_with(b"Response>");
        if response.status().is_success() && !response.body().bytes().is_some_and(whole) {
            return Err("the answer ended before its closing tag".into());
        }
        Ok(())
    }
}
