//! A secret that cannot be printed, and the reference that stands for it in text.

use std::{borrow::Cow, collections::BTreeSet, fmt, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// A value that is never shown: it has no `Display`, no serialisation, and its `Debug` says nothing.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// What stands where a secret stood.
pub const MASK: &str = "[secret]";

/// Takes secrets out of a text that came from outside: as they are, and as they stand in SQL strings, JSON, URLs, HTML
/// and the debug output of most languages.
pub fn scrub(text: &str, secrets: &[Secret]) -> String {
    let forms: BTreeSet<String> = secrets.iter().flat_map(|secret| written(secret.expose())).collect();
    let mut forms: Vec<&String> = forms.iter().collect();
    // The longest first, so that one that holds another goes whole.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match forms.iter().find(|form| rest.starts_with(form.as_str())) {
            Some(form) => {
                shown.push_str(MASK);
                rest = &rest[form.len()..];
            }
            None => {
                shown.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    shown
}

/// Every way in which others write the value; nothing where it is empty.
fn written(value: &str) -> Vec<String> {
    if value.is_empty() {
        return Vec::new();
    }
    let escaped = |marked: &str| -> String {
        value.chars().flat_map(|c| marked.contains(c).then_some('\\').into_iter().chain([c])).collect()
    };
    let percent = |kept: &str, upper: bool| -> String {
        let byte = |byte: u8| match byte {
            byte if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) => char::from(byte).to_string(),
            byte if upper => format!("%{byte:02X}"),
            byte => format!("%{byte:02x}"),
        };
        value.bytes().map(byte).collect()
    };
    let html = |apostrophe: &str| {
        let plain = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        plain.replace('"', "&quot;").replace('\'', apostrophe)
    };
    let json = serde_json::Value::from(value).to_string();
    let json = &json[1..json.len() - 1];
    let mut all = vec![
        value.to_owned(),
        value.replace('\'', "''"),
        escaped("\\'"),
        escaped("\\\""),
        escaped("\\'\""),
        json.to_owned(),
        json.replace('/', "\\/"),
        json.replace('\'', "''"),
        json.replace('\'', "\\u0027"),
        value.escape_debug().to_string(),
        percent("-._~", true),
        percent("-._~", false),
        // What user information in a URL may hold as it is.
        percent("-._~!$&'()*+,;=", true),
        percent("-._*", true).replace("%20", "+"),
    ];
    all.extend(["'", "&#39;", "&#x27;", "&apos;"].map(html));
    all
}

/// Takes out what stands before `@` in addresses, `http://user:password@host`, as libraries repeat them.
pub fn without_logins(text: &str) -> Cow<'_, str> {
    const SCHEME: &str = "://";
    if !(text.contains(SCHEME) && text.contains('@')) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(SCHEME).map(|at| at + SCHEME.len()) {
        let end = rest[start..].find(|c: char| c.is_whitespace() || "'\"`<>".contains(c));
        let address = &rest[start..end.map_or(rest.len(), |end| start + end)];
        shown.push_str(&rest[..start]);
        rest = &rest[start..];
        let login = address.rfind('@').map(|at| &address[..at]);
        // A path may hold `@`; a password that holds `/` is one nevertheless.
        if let Some(login) = login.filter(|login| login.contains(':') || !login.contains('/')) {
            shown.push_str(MASK);
            rest = &rest[login.len()..];
        }
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Where a secret is kept. A playbook holds only references.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// The first line of a file; relative paths are relative to the playbook.
    File(PathBuf),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_is_found_however_others_write_it() {
        let secret = [Secret::new(r#"ca'n/a"r\y&<%é 1"#)];
        for written in [
            r#"ca'n/a"r\y&<%é 1"#,
            r#"ca''n/a"r\y&<%é 1"#,
            r#"ca\'n/a"r\\y&<%é 1"#,
            r#"ca\'n/a\"r\\y&<%é 1"#,
            r#"ca'n/a\"r\\y&<%é 1"#,
            r#"ca'n\/a\"r\\y&<%é 1"#,
            r#"ca''n/a\"r\\y&<%é 1"#,
            "ca%27n%2Fa%22r%5Cy%26%3C%25%C3%A9%201",
            "ca%27n%2fa%22r%5cy%26%3c%25%c3%a9%201",
            "ca%27n%2Fa%22r%5Cy%26%3C%25%C3%A9+1",
            "ca'n%2Fa%22r%5Cy&%3C%25%C3%A9%201",
            r"ca&#39;n/a&quot;r\y&amp;&lt;%é 1",
            r"ca'n/a&quot;r\y&amp;&lt;%é 1",
        ] {
            assert_eq!(scrub(&format!("<{written}>"), &secret), "<[secret]>", "{written}");
        }
    }

    #[test]
    fn the_longest_goes_whole_and_the_mask_is_left_alone() {
        let secrets = ["e", "secret-long", "secret"].map(Secret::new);
        assert_eq!(scrub("x secret-long secret e", &secrets), "x [secret] [secret] [secret]");
        assert_eq!(scrub("nothing", &[Secret::new("")]), "nothing");
    }

    #[test]
    fn logins_in_addresses_are_taken_out_and_paths_stay() {
        for (text, shown) in [
            ("endpoint `http://u:pw@bad host` of", "endpoint `http://[secret]@bad host` of"),
            ("jdbc:mysql://u:p/w@h/d, s3://k:s@b", "jdbc:mysql://[secret]@h/d, s3://[secret]@b"),
            ("http://token@h", "http://[secret]@h"),
            ("s3://bucket/a@b and me@host", "s3://bucket/a@b and me@host"),
            ("http://h:1/x", "http://h:1/x"),
        ] {
            assert_eq!(without_logins(text), shown);
        }
    }

    #[test]
    fn no_container_shows_it() {
        let secret = Secret::new("canary-7");
        let held = (Some(secret.clone()), vec![secret.clone()], std::collections::BTreeMap::from([("a", secret)]));
        assert!(!format!("{held:?} {held:#?}").contains("canary-7"));
    }

    proptest! {
        #[test]
        fn every_written_form_is_taken_out_whole(secret in "\\PC{1,12}", before in "[ <:=]{0,4}", after in "[ >;,]{0,4}") {
            let known = [Secret::new(secret.clone())];
            for form in written(&secret) {
                prop_assume!(!before.contains(&secret) && !after.contains(&secret));
                let shown = scrub(&format!("{before}{form}{after}"), &known);
                prop_assert!(shown.matches(MASK).count() >= 1, "{}", shown);
                prop_assert!(!shown.replace(MASK, "").contains(&form), "{}", shown);
            }
        }
    }
}
