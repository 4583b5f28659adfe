//! The forms a text of the playbook may have: for each a check, and the same as a pattern for the JSON Schema.

/// A form of text.
#[derive(Debug)]
pub(super) struct Form {
    /// As messages call it: `a playbook name`.
    pub(super) what: &'static str,
    /// What `accepts` takes, in ECMA 262, anchored; lengths of whole texts and control characters aside.
    pub(super) pattern: &'static str,
    pub(super) accepts: fn(&str) -> bool,
    pub(super) rule: &'static str,
    /// What is refused here may be a secret in the wrong place.
    pub(super) guarded: bool,
}

pub(super) static NAME: Form = Form {
    what: "a playbook name",
    pattern: "^[a-z0-9][a-z0-9-]{0,59}$",
    accepts: |text| {
        made_of(text, 60, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') && !text.starts_with('-')
    },
    rule: "1 to 60 lower-case letters, digits and hyphens, a letter or digit first",
    guarded: false,
};

pub(super) static STEP_ID: Form = Form {
    what: "a step id",
    pattern: "^[a-z0-9][a-z0-9_-]{0,59}$",
    accepts: |text| {
        made_of(text, 60, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
            && !text.starts_with(['-', '_'])
    },
    rule: "1 to 60 lower-case letters, digits, `_` and `-`, a letter or digit first",
    guarded: false,
};

pub(super) static JOB_NAME: Form = Form {
    what: "a job name",
    pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
    accepts: |text| {
        made_of(text, 100, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
    },
    rule: "1 to 100 letters, digits, `.`, `_` and `-`, a letter or digit first",
    guarded: false,
};

pub(super) static DEPLOYMENT: Form = Form {
    what: "a deployment name",
    pattern: "^[a-zA-Z](?:-?[a-zA-Z0-9]+)*$",
    accepts: |text| text.len() <= 60 && is_rds_name(text),
    rule: "1 to 60 letters, digits and single hyphens, a letter first, no hyphen last",
    guarded: false,
};

pub(super) static DATABASE: Form = Form {
    what: "an RDS identifier",
    pattern: "^[a-zA-Z](?:-?[a-zA-Z0-9]+)*$",
    accepts: |text| text.len() <= 63 && is_rds_name(text),
    rule: "1 to 63 letters, digits and single hyphens, a letter first, no hyphen last",
    guarded: false,
};

pub(super) static PARAMETER_GROUP: Form = Form {
    what: "a parameter group name",
    pattern: "^[a-zA-Z][a-zA-Z0-9.-]{0,254}$",
    accepts: |text| {
        made_of(text, 255, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
    },
    rule: "1 to 255 letters, digits, `.` and hyphens, a letter first",
    guarded: false,
};

pub(super) static LOG_FILE: Form = Form {
    what: "a binary log file",
    pattern: "^[a-zA-Z0-9_.-]{1,240}\\.[0-9]{1,10}$",
    accepts: |text| {
        text.rsplit_once('.').is_some_and(|(base, number)| {
            made_of(base, 240, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
                && made_of(number, 10, |c| c.is_ascii_digit())
        })
    },
    rule: "as SHOW BINARY LOGS lists it: `mysql-bin-changelog.000003`",
    guarded: false,
};

pub(super) static REGION: Form = Form {
    what: "an AWS region",
    pattern: "^[a-z]{2,20}(?:-[a-z]{1,20})+-[0-9]{1,2}$",
    accepts: |text| {
        let parts: Vec<&str> = text.split('-').collect();
        parts.len() >= 3
            && parts[0].len() >= 2
            && parts[..parts.len() - 1].iter().all(|part| made_of(part, 20, |c| c.is_ascii_lowercase()))
            && made_of(parts[parts.len() - 1], 2, |c| c.is_ascii_digit())
    },
    rule: "as in `us-east-1`",
    guarded: false,
};

pub(super) static ACCOUNT: Form = Form {
    what: "an AWS account id",
    pattern: "^[0-9]{12}$",
    accepts: |text| text.len() == 12 && made_of(text, 12, |c| c.is_ascii_digit()),
    rule: "12 digits in quotes",
    guarded: false,
};

pub(super) static ENGINE_VERSION: Form = Form {
    what: "an engine version",
    pattern: concat!(
        "^(?:[0-9]{1,4}\\.[0-9]{1,4}\\.mysql_aurora\\.[0-9]{1,4}\\.[0-9]{1,4}(?:\\.[0-9]{1,4})?",
        "|[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4}(?:-[0-9A-Za-z.]{1,40})?)$"
    ),
    accepts: |text| is_aurora_version(text) || is_rds_version(text),
    rule: "as RDS names it: `8.0.mysql_aurora.3.08.2` for Aurora, `8.0.42` for RDS",
    guarded: false,
};

pub(super) static MYSQL_USER: Form = Form {
    what: "a MySQL user",
    pattern: "^[^\\s@:]{1,32}$",
    accepts: |text| {
        (1..=32).contains(&text.chars().count())
            && !text.contains(|c: char| c.is_whitespace() || matches!(c, '@' | ':'))
    },
    rule: "1 to 32 characters, without a host",
    guarded: true,
};

pub(super) static HTTP: Form = Form {
    what: "an http address",
    pattern: "^https?://[^\\s@?#/]+(?:/[^\\s@?#]*)?$",
    accepts: |text| {
        let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        host.is_some_and(|host| !host.starts_with('/') && is_address(host))
    },
    rule: "`http://host:port`, without user, password or query",
    guarded: false,
};

pub(super) static FOLDER_URI: Form = Form {
    what: "a folder's address",
    pattern: "^(?:file:|[a-z][a-z0-9]{0,19}:/)?/+[^\\s@?#/][^\\s@?#]*$",
    accepts: |text| {
        let path = match text.split_once(":/") {
            _ if text.starts_with('/') => Some(text),
            // Of all schemes, only this one may stand before a single slash.
            Some((scheme, path)) => (is_scheme(scheme) && (scheme == "file" || path.starts_with('/'))).then_some(path),
            None => None,
        };
        path.is_some_and(|path| is_address(path) && path.contains(|c| c != '/'))
    },
    rule: "`s3://bucket/folder`, `file:///folder` or an absolute path, without user, password or query",
    guarded: false,
};

pub(super) static JOB_ID: Form = Form {
    what: "a Flink job id",
    pattern: "^[0-9a-f]{32}$",
    accepts: |text| text.len() == 32 && made_of(text, 32, |c| matches!(c, '0'..='9' | 'a'..='f')),
    rule: "32 hexadecimal digits in lower case",
    guarded: false,
};

pub(super) static ENV_NAME: Form = Form {
    what: "the name of an environment variable",
    pattern: "^[A-Za-z_][A-Za-z0-9_]{0,127}$",
    accepts: |text| {
        made_of(text, 128, |c| c.is_ascii_alphanumeric() || c == '_') && !text.starts_with(|c: char| c.is_ascii_digit())
    },
    rule: "letters, digits and `_`, no digit first",
    guarded: true,
};

pub(super) static TABLE: Form = Form {
    what: "a table",
    pattern: "^\\S+$",
    accepts: |text| !text.is_empty() && !text.contains(char::is_whitespace),
    rule: "`database.table`",
    guarded: false,
};

pub(super) static HOST: Form = Form {
    what: "a host name",
    pattern: "^[A-Za-z0-9._:-]{1,253}$",
    accepts: |text| made_of(text, 253, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-')),
    rule: "a name or an address, without a port",
    guarded: false,
};

pub(super) static PARAMETER_NAME: Form = Form {
    what: "the name of a parameter",
    pattern: "^[A-Za-z_][A-Za-z0-9_]{0,127}$",
    accepts: |text| (ENV_NAME.accepts)(text),
    rule: "letters, digits and `_`, no digit first",
    guarded: false,
};

/// RDS spells some with a hyphen.
pub(super) static DB_PARAMETER: Form = Form {
    what: "the name of a parameter",
    pattern: "^[A-Za-z][A-Za-z0-9_.-]{0,127}$",
    accepts: |text| {
        made_of(text, 128, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
    },
    rule: "letters, digits, `_`, `-` and `.`, a letter first",
    guarded: false,
};

pub(super) static DB_VALUE: Form = Form {
    what: "a parameter's value",
    pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
    accepts: |text| !text.is_empty() && !text.contains(char::is_control),
    rule: "one line in quotes, as RDS takes it",
    guarded: false,
};

/// It stands in the strings of a script.
pub(super) static PARAMETER: Form = Form {
    what: "a parameter",
    pattern: "^[^'\\u0000-\\u001f\\u007f-\\u009f]*$",
    accepts: |text| !text.contains(|c: char| c == '\'' || c.is_control()),
    rule: "one line without `'`",
    guarded: true,
};

pub(super) static CHECK: Form = Form {
    what: "the id of a check",
    pattern: "^[A-Za-z][A-Za-z0-9_]{0,99}$",
    accepts: |text| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && made_of(text, 100, |c| c.is_ascii_alphanumeric() || c == '_')
    },
    rule: "an id as findings and `upgrade explain` show it",
    guarded: false,
};

pub(super) static LINE: Form = Form {
    what: "a line of text",
    pattern: "^[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$",
    accepts: |text| !text.is_empty() && !text.starts_with(char::is_whitespace) && !text.contains(char::is_control),
    rule: "one line that is not empty and does not begin with a blank",
    guarded: false,
};

pub(super) static PATH: Form = Form {
    what: "a path",
    pattern: "^[^\\u0000-\\u001f]+$",
    accepts: |text| !text.is_empty() && !text.contains(char::is_control) && !text.contains("://"),
    rule: "a path, relative to the playbook's folder or absolute",
    guarded: false,
};

fn made_of(text: &str, longest: usize, allowed: fn(char) -> bool) -> bool {
    (1..=longest).contains(&text.len()) && text.chars().all(allowed)
}

fn is_rds_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.split('-').all(|part| made_of(part, 63, |c| c.is_ascii_alphanumeric()))
}

fn is_scheme(text: &str) -> bool {
    made_of(text, 20, |c| c.is_ascii_lowercase() || c.is_ascii_digit())
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

fn is_address(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '?' | '#'))
}

/// `8.0.mysql_aurora.3.08.2`.
pub(super) fn is_aurora_version(text: &str) -> bool {
    let Some((community, aurora)) = text.split_once(".mysql_aurora.") else { return false };
    numbers(community) == Some(2) && matches!(numbers(aurora), Some(2..=3))
}

/// `8.0.42`, `5.7.44-rds.20240408`.
pub(super) fn is_rds_version(text: &str) -> bool {
    let (version, edition) = text.split_once('-').unwrap_or((text, "0"));
    numbers(version) == Some(3) && made_of(edition, 40, |c| c.is_ascii_alphanumeric() || c == '.')
}

fn numbers(text: &str) -> Option<usize> {
    let parts: Vec<&str> = text.split('.').collect();
    parts.iter().all(|part| made_of(part, 4, |c| c.is_ascii_digit())).then_some(parts.len())
}

/// The part of a key that messages may repeat: `password:oops` is one key in YAML.
pub(super) fn key_shown(key: &str) -> &str {
    let end = key.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '<')).unwrap_or(key.len());
    &key[..end]
}

/// The candidate that was probably meant.
pub(super) fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    let close = candidates.map(|candidate| (distance(&word, candidate), candidate));
    let (steps, candidate) = close.min_by_key(|(steps, _)| *steps)?;
    (steps <= candidate.len().max(3) / 3).then_some(candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(80).collect(), b.chars().take(80).collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let mut least =
                (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, strategy::ValueTree, string::string_regex, test_runner::TestRunner};

    use super::*;

    #[test]
    fn what_the_pattern_allows_is_accepted() {
        let bounded = |form: &Form| if form.what == DATABASE.what { 63 } else { 60 };
        for form in [
            &NAME,
            &STEP_ID,
            &JOB_NAME,
            &DEPLOYMENT,
            &DATABASE,
            &PARAMETER_GROUP,
            &REGION,
            &ACCOUNT,
            &ENGINE_VERSION,
            &MYSQL_USER,
            &HTTP,
            &FOLDER_URI,
            &JOB_ID,
            &ENV_NAME,
            &TABLE,
            &PARAMETER_NAME,
            &DB_PARAMETER,
            &DB_VALUE,
            &PARAMETER,
            &CHECK,
            &LINE,
            &PATH,
        ] {
            let inner = form.pattern.trim_start_matches('^').trim_end_matches('$');
            let texts = string_regex(inner).unwrap();
            let mut runner = TestRunner::deterministic();
            for _ in 0..300 {
                let text = texts.new_tree(&mut runner).unwrap().current();
                let too_long = text.len() > bounded(form) && form.rule.contains("single hyphens");
                if !too_long && !text.contains(char::is_control) && !text.contains("://") {
                    assert!((form.accepts)(&text), "{}: {text:?}", form.what);
                }
            }
        }
    }

    #[test]
    fn what_people_get_wrong_is_refused() {
        for (form, texts) in [
            (&NAME, &["", "Orders", "-orders", "orders_1", "ü"][..]),
            (&DEPLOYMENT, &["", "8orders", "orders-", "or--ders", "or_ders"]),
            (&REGION, &["", "us", "us-east", "us-east-1a", "US-EAST-1", "us-east-100"]),
            (&ACCOUNT, &["", "12345678901", "1234567890123", "12345678901x"]),
            (&ENGINE_VERSION, &["", "8", "8.0", "8.0.", "aurora", "8.0.mysql_aurora", "8.0.mysql_aurora.3", "8.0.x"]),
            (
                &HTTP,
                &["", "flink:8081", "ftp://flink", "http://", "http:///x", "http://u:p@h", "http://h?q", "http://h h"],
            ),
            (&FOLDER_URI, &["", "bucket", "./x", "s3://", "S3://b", "s3://k:s@b/x", "s3://b?x", "9p://x", "s3:/b"]),
            (&JOB_ID, &["", "abc", "ABCDEF0123456789ABCDEF0123456789"]),
            (&ENV_NAME, &["", "1A", "A-B", "$A", "A B"]),
            (&MYSQL_USER, &["", "upgrade@%", "upgrade:secret", "a b"]),
            (&PATH, &["", "s3://bucket/x", "a\nb"]),
        ] {
            for text in texts {
                assert!(!(form.accepts)(text), "{}: {text:?}", form.what);
            }
        }
    }

    #[test]
    fn the_nearest_word_is_what_was_meant() {
        let words = ["switchover", "sync_parameter_group", "approve"];
        for (wrong, meant) in
            [("swithcover", "switchover"), ("sync-parameter-group", "sync_parameter_group"), ("aprove", "approve")]
        {
            assert_eq!(nearest(wrong, words.into_iter()), Some(meant));
        }
        assert_eq!(nearest("dance", words.into_iter()), None);
    }

    proptest! {
        #[test]
        fn distance_is_one(a in "[a-e]{0,8}", b in "[a-e]{0,8}") {
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert_eq!(distance(&a, &b) == 0, a == b);
            prop_assert!(distance(&a, &b) <= a.len().max(b.len()));
        }
    }
}
