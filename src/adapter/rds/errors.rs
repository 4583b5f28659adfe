//! Failures as errors: their kind, and what a person should do.

use crate::error::{Error, Kind};

use super::failure::{Class, Failure};

/// A question that was not answered. Nothing was to be changed.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let kind = match failure.class {
            Class::Throttled | Class::Garbled | Class::Lost | Class::Unreachable => Kind::Transient,
            _ => Kind::Permanent,
        };
        let waited = match (kind, failure.waited.as_secs()) {
            (Kind::Transient, 1..) => format!(" for {} s", failure.waited.as_secs()),
            _ => String::new(),
        };
        failure.error(kind, &format!("Asked {} for {{}}{waited}", failure.place()))
    }
}

impl Failure {
    /// A write that did not succeed: `Unknown` unless it is certain that nothing was applied.
    pub(super) fn of_write(self) -> Error {
        let kind = match self.class {
            Class::Garbled | Class::Lost => Kind::Unknown,
            Class::Throttled | Class::Unreachable => Kind::Transient,
            Class::Refused => self.kind_of_refusal(),
            _ => Kind::Permanent,
        };
        let error = self.error(kind, &format!("Sent {} the request {{}}", self.place()));
        match (kind, self.class) {
            (Kind::Unknown, _) => error.hint(format!(
                "It may have been applied. Look at {} before anything is sent again; the same run looks first when it is continued",
                self.subject
            )),
            (_, Class::NoCredentials | Class::NotMade | Class::Unreachable) => error.unchanged("Nothing was sent"),
            _ => error.unchanged("RDS applied nothing"),
        }
    }

    fn kind_of_refusal(&self) -> Kind {
        match self.code.as_deref() {
            Some(code) if code.ends_with("AlreadyExists") => Kind::Conflict,
            // Something else is still at work on it.
            Some(
                "InvalidDBInstanceState"
                | "InvalidDBClusterState"
                | "InvalidDBParameterGroupState"
                | "DBInstanceNotReady",
            ) => Kind::Transient,
            _ => Kind::Permanent,
        }
    }

    /// `request` is a sentence's begin with `{}` where the call stands.
    fn error(&self, kind: Kind, request: &str) -> Error {
        let call = match self.subject.as_str() {
            "" => self.action.to_owned(),
            subject => format!("{} of {subject}", self.action),
        };
        let mut error = Error::new(kind, format!("{}, but {}", request.replace("{}", &call), self.seen()));
        error.causes.clone_from(&self.causes);
        error.hint = self.hint();
        error
    }

    fn place(&self) -> String {
        match (&self.endpoint, self.region.as_str()) {
            (Some(endpoint), _) => format!("RDS at {endpoint}"),
            (None, "") => "RDS".to_owned(),
            (None, region) => format!("RDS in {region}"),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self.class {
            Class::NoCredentials => {
                "Log in (`aws sso login`), or name a profile (AWS_PROFILE), or set AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` shows who you are. Then run the same command again"
            }
            Class::NotMade => "See that `region` of the playbook's target is a region, like us-east-1",
            Class::Unreachable if self.endpoint.is_none() => {
                "See whether the single sign-on, role or metadata service answers from here"
            }
            Class::Unreachable => {
                "See that `region` of the playbook is right, that no AWS_ENDPOINT_URL… or proxy variable points elsewhere, \
                 and that this machine reaches it"
            }
            Class::Throttled => {
                "Other callers of this account use up its rate. Run the same command again in a few minutes"
            }
            Class::Expired => "Log in again, then run the same command: the run continues where it is",
            Class::Denied => {
                "`aws sts get-caller-identity` shows who you are; that identity needs this action in its policy"
            }
            Class::Clock => "Set the clock of this machine; AWS accepts a difference of five minutes",
            Class::Garbled | Class::Lost => "Run the same command again; see whether a proxy stands between",
            Class::Refused => return None,
        };
        Some(hint.to_owned())
    }
}
