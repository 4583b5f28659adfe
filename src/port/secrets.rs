//! Turns a secret reference into the secret.

use crate::{
    error::Result,
    secret::{Secret, SecretRef},
};

pub trait Secrets: Send + Sync {
    fn resolve(&self, reference: &SecretRef) -> Result<Secret>;
}
