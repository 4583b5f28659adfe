//! A job template knows its values and nothing of the machine it is rendered on.

use std::collections::BTreeMap;

use upgrade::{
    artifact::{Values, render},
    error::{Error, Kind},
};

fn refused(text: &str) -> Error {
    let values = Values {
        name: "orders".into(),
        tables: vec!["a"],
        parameters: BTreeMap::new(),
        source_host: "h".into(),
        source_port: 3306,
        savepoints: String::new(),
    };
    match render("jobs/job.sql", text, &values) {
        Err(error) => error,
        Ok(made) => panic!("{text} was rendered: {made}"),
    }
}

#[test]
fn a_template_takes_in_no_other_one() {
    for text in [
        "{% include \"/etc/passwd\" %}",
        "{%- include 'jobs/job.sql' -%}",
        "x\n{% extends \"jobs/job.sql\" %}",
        "{% import \"other.sql\" as other %}",
        "{%\n include \"/proc/self/environ\" ignore missing %}",
        "{% raw %}{% include \"x\" %}{% endraw %}",
    ] {
        let error = refused(text);
        assert_eq!(error.kind, Kind::Usage, "{error:?}");
        assert!(error.message.contains("jobs/job.sql") && error.message.contains("a template is one file"), "{error}");
    }
    assert!(refused("a\nb\n{% extends \"x\" %}").message.contains("line 3"));
}

#[test]
fn a_template_asks_neither_environment_nor_clock_nor_disk() {
    for text in [
        "{{ get_env(name=\"HOME\") }}",
        "{{ env.HOME }}",
        "{{ now() }}",
        "{{ load_data(path=\"/etc/passwd\") }}",
        "{{ read_file(path=\"/etc/passwd\") }}",
        "{{ \"/etc/passwd\" | read }}",
    ] {
        assert_eq!(refused(text).kind, Kind::Usage, "{text}");
    }
}
