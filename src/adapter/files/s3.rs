//! Objects of S3 through the unmodified `aws-sdk-s3`.
//!
//! Built from the documented protocol; not yet seen against S3 itself, nor against buckets with customer keys (KMS),
//! archived objects, access points or S3 Express.

use std::{sync::Arc, time::Duration};

use aws_config::{
    BehaviorVersion, Region, SdkConfig, meta::region::RegionProviderChain, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_s3::{
    Client,
    config::Builder,
    error::{ProvideErrorMetadata as _, SdkError},
    operation::get_object::{GetObjectError, GetObjectOutput},
};
use futures_util::FutureExt as _;
use tokio::sync::OnceCell;

use crate::{
    error::{Error, Result},
    port::{Reply, files::FilesRead},
};

const SCHEMES: [&str; 3] = ["s3", "s3a", "s3p"];
/// Where S3 says in which region a bucket lies, also when it refuses.
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// Time limits of one read, and how often it is sent again while S3 throttles, errs or cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub connect: Duration,
    /// One attempt, until the answer begins.
    pub attempt: Duration,
    /// All attempts and the whole object.
    pub overall: Duration,
    pub attempts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(20),
            overall: Duration::from_secs(3 * 60),
            attempts: 6,
        }
    }
}

/// Reads objects of any bucket that the surrounding credentials may read. Clones share one client.
#[derive(Debug, Clone)]
pub struct S3Files {
    /// Where the surroundings name no region.
    region: Option<String>,
    path_style: bool,
    limits: Limits,
    config: Arc<OnceCell<SdkConfig>>,
    client: Arc<OnceCell<Client>>,
}

impl S3Files {
    /// Takes credentials, region and endpoint from where every AWS tool takes them, the region else from `region`;
    /// nothing is read before the first call. `path_style` names the bucket in the path and not in the host, as servers
    /// other than AWS want it.
    pub fn of_surroundings(region: Option<String>, path_style: bool) -> Self {
        Self { region, path_style, limits: Limits::default(), config: Arc::default(), client: Arc::default() }
    }

    /// Takes everything from `config`, nothing from the surroundings.
    pub fn with_config(config: SdkConfig, path_style: bool, limits: Limits) -> Self {
        let config = Arc::new(OnceCell::new_with(Some(config)));
        Self { region: None, path_style, limits, config, client: Arc::default() }
    }

    async fn client(&self) -> Result<&Client> {
        let otherwise = self.region.clone().map(Region::new);
        let load = || async move {
            let region = RegionProviderChain::default_provider().or_else(otherwise);
            // Pinned: a later behaviour may retry, and wait, in other ways.
            aws_config::defaults(BehaviorVersion::v2026_01_12()).region(region).load().await
        };
        let config = self.config.get_or_init(load).await;
        if config.region().is_none() {
            return Err(Error::permanent("Expected a region to read from S3, saw none")
                .unchanged("Nothing was sent")
                .hint("Set AWS_REGION to the region of the bucket, or name a profile that has one (AWS_PROFILE)"));
        }
        let time = TimeoutConfig::builder()
            .connect_timeout(self.limits.connect)
            .operation_attempt_timeout(self.limits.attempt)
            .operation_timeout(self.limits.overall)
            .build();
        let retry = RetryConfig::standard().with_max_attempts(self.limits.attempts);
        let builder = Builder::from(config).force_path_style(self.path_style).retry_config(retry).timeout_config(time);
        Ok(self.client.get_or_init(|| async move { Client::from_conf(builder.build()) }).await)
    }
}

impl FilesRead for S3Files {
    /// # Errors
    /// `Permanent`: no object's address, not allowed, no such bucket, another region, longer than `limit`. `Transient`: S3
    /// throttles, errs, or does not answer in time.
    fn read<'a>(&'a self, uri: &'a str, limit: u64) -> Reply<'a, Option<Vec<u8>>> {
        async move {
            let (bucket, key) = object(uri)?;
            let client = self.client().await?;
            let reading = async {
                match client.get_object().bucket(bucket).key(key).send().await {
                    Ok(object) => body(uri, object, limit).await.map(Some),
                    Err(error) => failure(uri, bucket, &error).map_or(Ok(None), Err),
                }
            };
            tokio::time::timeout(self.limits.overall, reading).await.unwrap_or_else(|_| Err(late(uri, self.limits)))
        }
        .boxed()
    }
}

pub(super) fn is_address(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| SCHEMES.contains(&scheme))
}

/// Bucket and key. Flink does not percent-encode, so nothing is decoded.
fn object(uri: &str) -> Result<(&str, &str)> {
    let parts = uri.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let parts = parts.map(|(bucket, key)| (bucket, key.trim_start_matches('/')));
    let name = |bucket: &str| {
        (3..=63).contains(&bucket.len())
            && bucket.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
    };
    parts.filter(|(bucket, key)| name(bucket) && !key.is_empty()).ok_or_else(|| {
        Error::permanent(format!("Expected an address like s3://bucket/path, saw {uri}"))
            .hint("A bucket's name has 3 to 63 letters, digits, dots and hyphens, and a path follows it")
    })
}

async fn body(uri: &str, object: GetObjectOutput, limit: u64) -> Result<Vec<u8>> {
    let too_long = || {
        Error::permanent(format!("Expected at most {limit} bytes in {uri}, saw more"))
            .hint("See whether the address names the right file")
    };
    let told = object.content_length().and_then(|length| u64::try_from(length).ok());
    if told.is_some_and(|length| length > limit) {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    let mut stream = object.body;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| {
            Error::transient(format!("Expected the whole of {uri}; its answer broke off after {} bytes", bytes.len()))
                .because(&error)
                .hint("Run the same command again; see whether a proxy stands between")
        })?;
        if (bytes.len() + chunk.len()) as u64 > limit {
            return Err(too_long());
        }
        bytes.extend_from_slice(&chunk);
    }
    match told {
        Some(length) if length != bytes.len() as u64 => Err(Error::transient(format!(
            "Expected {length} bytes of {uri}, saw {}: the answer ended early",
            bytes.len()
        ))
        .hint("Run the same command again; see whether a proxy stands between")),
        _ => Ok(bytes),
    }
}

fn late(uri: &str, limits: Limits) -> Error {
    Error::transient(format!(
        "Expected to read {uri} within {} s; S3 had not answered in full",
        limits.overall.as_secs()
    ))
    .hint("See whether S3, or what AWS_ENDPOINT_URL_S3 names, is reached from this machine, and run the command again")
}

/// `None` where S3 says that there is no such object.
fn failure(uri: &str, bucket: &str, error: &SdkError<GetObjectError>) -> Option<Error> {
    let response = error.raw_response();
    let status = response.map(|response| response.status().as_u16());
    let region = response.and_then(|response| response.headers().get(BUCKET_REGION));
    let code = error.code().unwrap_or_default();
    let seen = match (code, error.message()) {
        ("", _) => status.map(|status| format!("S3 answered {status}")),
        (code, None) => Some(format!("S3 answered {code}")),
        (code, Some(said)) => Some(format!("S3 answered {code}: {said}")),
    };
    let expected = |seen: String| format!("Expected to read {uri}. {seen}");
    let permanent = |hint: String| {
        let seen = seen.clone().unwrap_or_else(|| "S3 refused".to_owned());
        Some(Error::permanent(expected(seen)).unchanged("Nothing was read").hint(hint))
    };
    match (code, status) {
        ("NoSuchKey", _) => None,
        ("NoSuchBucket", _) => permanent(format!(
            "See that {bucket} is the bucket of Flink's savepoints, and that AWS_ENDPOINT_URL_S3 does not lead elsewhere"
        )),
        ("ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired", _) => {
            permanent("Log in again (`aws sso login`), then run the same command".to_owned())
        }
        ("InvalidAccessKeyId" | "InvalidToken" | "SignatureDoesNotMatch" | "InvalidSecurity", _) => permanent(
            "`aws sts get-caller-identity` shows whether these credentials are known; set AWS_PROFILE or log in again"
                .to_owned(),
        ),
        ("RequestTimeTooSkewed", _) => {
            permanent("Set the clock of this machine; AWS accepts a difference of fifteen minutes".to_owned())
        }
        ("InvalidObjectState", _) => permanent(format!(
            "The object is archived: `aws s3api restore-object` brings it back, or name a younger savepoint than {uri}"
        )),
        ("PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed", _) | (_, Some(301 | 307)) => {
            permanent(match region {
                Some(region) => {
                    format!("The bucket lies in {region}: set AWS_REGION={region}, then run the same command")
                }
                None => format!("Set AWS_REGION to the region of {bucket}; `aws s3api get-bucket-location` shows it"),
            })
        }
        (_, Some(401 | 403)) => permanent(format!(
            "This identity (`aws sts get-caller-identity`) needs s3:GetObject on {bucket}, and kms:Decrypt where the bucket \
             has a key of its own. Without s3:ListBucket S3 says the same of an object that is not there"
        )),
        (_, Some(429 | 500..)) => Some(
            Error::transient(expected(format!("{} again and again", seen.unwrap_or_else(|| "S3 failed".to_owned()))))
                .hint("Run the same command again in a few minutes"),
        ),
        (_, Some(_)) => permanent(format!("See that {uri} is the folder that Flink shows")),
        (_, None) => Some(not_answered(uri, error)),
    }
}

fn not_answered(uri: &str, error: &SdkError<GetObjectError>) -> Error {
    let told = Error::permanent(String::new()).because(error).causes;
    let credentials = told.iter().any(|cause| cause.contains("credential"));
    let not_sent = matches!(error, SdkError::ConstructionFailure(_)) || credentials;
    if not_sent {
        let hint = if credentials {
            "Log in (`aws sso login`), or name a profile (AWS_PROFILE), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
             `aws sts get-caller-identity` shows who you are"
        } else {
            "See that AWS_REGION is a region and AWS_ENDPOINT_URL_S3, if set, an address"
        };
        return Error::permanent(format!("Expected to read {uri}. The request could not be made"))
            .because(error)
            .unchanged("Nothing was sent")
            .hint(hint);
    }
    Error::transient(format!("Expected to read {uri}. S3 gave no answer")).because(error).hint(
        "See that AWS_REGION is right, that no AWS_ENDPOINT_URL… or proxy variable points elsewhere, and that this machine \
         reaches S3",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_bucket_and_a_key() {
        assert_eq!(object("s3://bucket/a/b c%20d").unwrap(), ("bucket", "a/b c%20d"));
        assert_eq!(object("s3a://my.bucket//a").unwrap(), ("my.bucket", "a"));
        for uri in
            ["s3://", "s3://bucket", "s3://bucket/", "s3:/bucket/a", "s3://b/a", "s3://k:s@bucket/a", "s3:///a/b"]
        {
            assert!(object(uri).unwrap_err().message.contains("like s3://bucket/path"), "{uri}");
        }
    }

    #[test]
    fn only_the_schemes_of_s3_go_to_s3() {
        assert!(["s3://b/x", "s3a://b/x", "s3p://b/x"].iter().all(|uri| is_address(uri)));
        assert!(!["/s3/x", "s3", "file:/s3://b", "s3n://b/x", "S3://b/x"].iter().any(|uri| is_address(uri)));
    }
}
