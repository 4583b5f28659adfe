//! No secret of a playbook is ever shown, whatever else is wrong with it.

use std::path::Path;

use proptest::prelude::*;
use upgrade::playbook::{Problems, parse};

const CANARY: &str = "canary-4711";

/// Ways in which people put a password into the `mysql` section.
const WAYS: [&str; 33] = [
    "password: canary-4711",
    "password: \"canary-4711\"",
    "password: 'canary-4711'",
    "password: x@canary-4711:y#z",
    "password: canary-4711 # for now",
    "password: |\n    canary-4711\n    canary-4711",
    "password: >-\n    canary-4711",
    "password:\n    canary-4711\n    canary-4711",
    "password: \"canary-4711\n    canary-4711\"",
    "password: [canary-4711]",
    "password:\n    - canary-4711",
    "password: &p canary-4711",
    "password: !!str canary-4711",
    "password: !vault canary-4711",
    "password: { value: canary-4711 }",
    "password: { deep: { deeper: canary-4711 } }",
    "password: { env: canary-4711 }",
    "password: { env: \"canary-4711 \" }",
    "password: { env: [canary-4711] }",
    "password: { literal: canary-4711, env: PASSWORD }",
    "password: { secretsmanager: canary-4711 }",
    "password: { file: canary-4711, env: canary-4711 }\n  # x",
    "Password: canary-4711",
    "passwd: canary-4711",
    "pasword: canary-4711",
    "pass_word: canary-4711",
    "pw: canary-4711",
    "password:canary-4711",
    "password:canary-4711: x",
    "password=canary-4711",
    "secret_token: canary-4711",
    "user: upgrade:canary-4711",
    "tls: password=canary-4711",
];

/// What else may be wrong in the same file.
const BREAKERS: [&str; 7] =
    ["", "\tx: 1\n", "steps: [\n", "foo: *nowhere\n", ": : :\n", "name: \"open\n", "---\nversion: 1\n"];

fn shown(problems: &Problems) -> String {
    let error = problems.to_error();
    format!(
        "{}{}{problems}{problems:?}{}",
        problems.render(true),
        problems.render(false),
        serde_json::to_string(&error).expect("an error is JSON")
    )
}

fn told(text: &str) -> String {
    shown(&parse(text, "playbook.yaml", Path::new("")).expect_err(text))
}

#[test]
fn a_literal_password_is_never_shown() {
    for way in WAYS {
        // A path is where a secret is, not what it is.
        if way.contains("file: canary") {
            continue;
        }
        for breaker in BREAKERS {
            for text in [
                format!(
                    "version: 1\nname: orders\nmysql:\n  user: upgrade\n  {way}\n{breaker}steps:\n  - approve: {{ x: 1 }}\n"
                ),
                format!("{breaker}version: 1\nname: orders\nmysql:\n  {way}\n  tls: nonsense\n"),
                format!("version: 1\nname: orders\nsteps: []\n{breaker}{way}\n").replace("\n    ", "\n  "),
            ] {
                let told = told(&text);
                assert!(!told.contains(CANARY), "{text}\n────\n{told}");
            }
        }
    }
}

#[test]
fn a_literal_secret_or_a_login_in_an_address_is_never_shown() {
    for line in [
        "secrets: { CDC: canary-4711 }",
        "secrets:\n  CDC: canary-4711",
        "secrets:\n  CDC:\n    value: canary-4711",
        "secrets: canary-4711",
        "secrets: [canary-4711]",
        "secrets: [{ CDC: canary-4711 }]",
        "flink: { rest: \"http://user:canary-4711@flink:8081\" }",
        "flink:\n  rest: http://user:p@canary-4711@flink:8081",
        "flink:\n  savepoints: s3://key:canary-4711@bucket/x",
        "flink:\n  sql_gateway: http://flink:8083?password=canary-4711",
        "flink:\n  sql_gateway: http://flink:8083/#token=canary-4711",
        "mysql: upgrade password=canary-4711",
        "mysql: { user: u, password: canary-4711, tls: nonsense }",
        "#mysql: { user: u, password: canary-4711 }",
        "name: orders # password: canary-4711, http://user:canary-4711@flink",
        "nonsense: http://user:canary-4711@flink:8081",
    ] {
        for breaker in BREAKERS {
            let text = format!("version: 1\nname: orders\n{line}\n{breaker}steps: {{}}\n");
            let told = told(&text);
            assert!(!told.contains(CANARY), "{text}\n────\n{told}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_broken_file_does_not_show_its_password(at in any::<prop::sample::Index>(), junk in "[\\[\\]{}:\"'\\-\t\n *&!|>%@`x#,?]{1,3}") {
        let text = "version: 1\nname: orders\nmysql:\n  user: upgrade\n  password: canary-4711\n  tls: verify\nsteps:\n  - approve\n";
        // Inside the key and the value a typo makes other words of them.
        let key = text.find("  password").unwrap();
        let end = text.find("4711").unwrap() + 4;
        let at = at.index(text.len() + key - end);
        let at = if at <= key { at } else { at + end - key };
        let mut broken = text.to_owned();
        broken.insert_str(at, &junk);
        let told = told(&broken);
        prop_assert!(!told.contains(CANARY), "{}\n────\n{}", broken, told);
    }
}
