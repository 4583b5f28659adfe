//! What went wrong with one request, told from the SDK's error and from what reached the wire.

use std::time::Duration;

use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};

use super::{connection::Limits, wire::Wire};
use crate::secret::{scrub, without_logins};

/// One request, for messages: `DescribeDBClusters` of `orders`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) action: &'static str,
    pub(super) subject: &'a str,
}

/// hyper's own word for it, which alone proves that no byte of the request was written.
const NOT_CONNECTED: &str = "client error (Connect)";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Nothing was sent: no usable credentials.
    NoCredentials,
    /// Nothing was sent: the request could not be made.
    NotMade,
    /// Nothing was sent: no connection.
    Unreachable,
    /// RDS turned it away for being one too many. Nothing was applied.
    Throttled,
    /// The credentials have expired. Nothing was applied.
    Expired,
    /// The credentials are unknown or not allowed. Nothing was applied.
    Denied,
    /// The clocks differ too much. Nothing was applied.
    Clock,
    /// RDS said no, with a code. Nothing was applied.
    Refused,
    /// An answer that is not RDS saying yes or no: 5xx, a page of something between, a body nobody can read.
    Garbled,
    /// No answer, or only a part of one.
    Lost,
}

impl Class {
    /// How long a read may be tried again; `None`: the next attempt would say the same.
    pub(super) fn patience(self, limits: &Limits) -> Option<Duration> {
        match self {
            Self::Unreachable => Some(limits.unreachable),
            Self::Throttled | Self::Garbled | Self::Lost => Some(limits.patience),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Failure {
    pub(super) action: &'static str,
    pub(super) subject: String,
    pub(super) class: Class,
    /// As RDS spells it, without the `Fault` that some codes end with.
    pub(super) code: Option<String>,
    pub(super) status: Option<u16>,
    /// RDS's own words.
    pub(super) said: Option<String>,
    /// Texts of the error chain, outermost first, where RDS said nothing.
    pub(super) causes: Vec<String>,
    pub(super) endpoint: Option<String>,
    pub(super) region: String,
    /// From the first attempt to the last.
    pub(super) waited: Duration,
}

impl Failure {
    pub(super) fn of<E>(call: Call<'_>, error: &SdkError<E>, wire: &Wire, region: &str) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let code = error.code().map(|code| code.strip_suffix("Fault").unwrap_or(code).to_owned());
        let status = error.raw_response().map(|response| response.status().as_u16());
        let clean = |text: &str| scrub(text, wire.secrets());
        let causes: Vec<String> = chain(error).iter().map(|text| clean(text)).collect();
        let has = |words: &str| causes.iter().any(|text| text.contains(words));
        let class = match (error, wire.endpoint()) {
            (SdkError::ServiceError(_), _) => class_of_answer(code.as_deref(), status),
            (SdkError::ResponseError(_), _) => Class::Lost,
            (_, None) if has("credential") && !has("not enabled") && (has("timed out") || has(NOT_CONNECTED)) => {
                Class::Unreachable
            }
            (_, None) if has("credential") => Class::NoCredentials,
            (_, None) => Class::NotMade,
            (SdkError::DispatchFailure(_), _) if has(NOT_CONNECTED) => Class::Unreachable,
            _ => Class::Lost,
        };
        Self {
            action: call.action,
            subject: call.subject.to_owned(),
            class,
            said: error.message().map(clean),
            causes: if code.is_some() { Vec::new() } else { causes },
            code,
            status,
            endpoint: wire.endpoint().map(str::to_owned),
            region: region.to_owned(),
            waited: Duration::ZERO,
        }
    }

    /// A list whose pages never end.
    pub(super) fn endless(call: Call<'_>, marker: &str) -> Self {
        Self {
            action: call.action,
            subject: call.subject.to_owned(),
            class: Class::Refused,
            code: None,
            status: None,
            said: Some(format!("the page after marker {marker} names the same marker again")),
            causes: Vec::new(),
            endpoint: None,
            region: String::new(),
            waited: Duration::ZERO,
        }
    }

    /// Whether RDS answered with one of `codes` (without `Fault`).
    pub(super) fn is(&self, codes: &[&str]) -> bool {
        self.class == Class::Refused && self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    /// What was seen, as the end of a sentence.
    pub(super) fn seen(&self) -> String {
        let status = self.status.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
        match (&self.code, self.class) {
            (Some(code), _) => match &self.said {
                Some(said) => format!("it answered {code}{status}: {said}"),
                None => format!("it answered {code}{status}"),
            },
            (None, Class::NoCredentials) => "no usable AWS credentials were found".to_owned(),
            (None, Class::NotMade) => "the request could not be made".to_owned(),
            (None, Class::Unreachable) if self.endpoint.is_none() => {
                "where the AWS credentials come from could not be reached".to_owned()
            }
            (None, Class::Unreachable) => "no connection could be made".to_owned(),
            (None, Class::Garbled) => format!("the answer{status} is not one of RDS"),
            (None, _) => match &self.said {
                Some(said) => said.clone(),
                None => format!("no whole answer came{status}"),
            },
        }
    }
}

fn chain(error: &dyn std::error::Error) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = without_logins(&error.to_string()).into_owned();
        if texts.last() != Some(&text) {
            texts.push(text);
        }
        next = error.source();
    }
    texts
}

fn class_of_answer(code: Option<&str>, status: Option<u16>) -> Class {
    match (code, status) {
        (
            Some(
                "Throttling"
                | "ThrottlingException"
                | "ThrottledException"
                | "RequestThrottled"
                | "RequestThrottledException"
                | "RequestLimitExceeded"
                | "TooManyRequestsException"
                | "SlowDown"
                | "BandwidthLimitExceeded"
                | "LimitExceededException"
                | "PriorRequestNotComplete",
            ),
            _,
        ) => Class::Throttled,
        (Some("ExpiredToken" | "ExpiredTokenException"), _) => Class::Expired,
        (Some("RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture"), _) => Class::Clock,
        (
            Some(
                "AccessDenied"
                | "AccessDeniedException"
                | "UnauthorizedOperation"
                | "NotAuthorized"
                | "AuthFailure"
                | "InvalidClientTokenId"
                | "UnrecognizedClientException"
                | "SignatureDoesNotMatch"
                | "IncompleteSignature"
                | "MissingAuthenticationToken"
                | "OptInRequired",
            ),
            _,
        ) => Class::Denied,
        (
            Some(
                "InternalFailure"
                | "InternalError"
                | "InternalServiceError"
                | "ServiceUnavailable"
                | "RequestTimeout"
                | "RequestTimeoutException",
            ),
            _,
        ) => Class::Garbled,
        (Some(_), Some(400..500)) => Class::Refused,
        _ => Class::Garbled,
    }
}
