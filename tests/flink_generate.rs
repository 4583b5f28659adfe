//! Scripts made from nothing but the tables of a database.

#![expect(clippy::unwrap_used, reason = "a test may fail by unwrapping")]

use upgrade::{
    artifact::{Values, render},
    handover::consumer::flink_sql::{Replay, Script, generate, redact},
    port::tables::{Column, Table},
};

const TEMPLATE: &str = include_str!("../templates/mysql_to_mysql.sql.tera");

fn column(name: &str, kind: &str) -> Column {
    Column { name: name.into(), kind: kind.into(), ..Column::default() }
}

fn table(name: &str, columns: &[(&str, &str)], key: &[&str]) -> Table {
    Table {
        schema: "shop".into(),
        name: name.into(),
        columns: columns.iter().map(|(name, kind)| column(name, kind)).collect(),
        primary_key: key.iter().map(|name| (*name).to_owned()).collect(),
        ..Table::default()
    }
}

fn filled(tables: &[Table]) -> String {
    let values = Values {
        name: "shop-to-copy".into(),
        tables: generate(tables, 7000).unwrap(),
        parameters: [("sink_url", "jdbc:mysql://sink:3306/copy"), ("cdc_user", "cdc"), ("sink_user", "sink")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        source_host: "db.example".into(),
        source_port: 3307,
        savepoints: String::new(),
    };
    render("mysql_to_mysql.sql.tera", TEMPLATE, &values).unwrap()
}

#[test]
fn a_generated_job_is_one_that_may_be_replayed() {
    let mut orders = table("orders", &[("id", "bigint(20) unsigned"), ("select", "time"), ("twice", "int")], &["id"]);
    orders.columns[2].generated = true;
    let odd = table("od.d$,s", &[("from", "varchar(3)"), ("c", "json")], &["c", "from"]);
    let text = filled(&[orders, odd]);
    let script = Script::parse(&text).unwrap();
    assert_eq!(script.replay(), Replay::Safe, "{text}");
    assert_eq!(script.pipeline_name(), Some("shop-to-copy"));
    assert_eq!(script.server_ids(), [7000..=7007, 7008..=7015]);
    assert!(redact(&text).warnings.is_empty());
    let sources: Vec<_> = script.mysql_cdc().collect();
    assert_eq!(sources[0].option("port"), Some("3307"));
    assert_eq!(sources[1].name, "shop_od.d$,s_source");
    assert_eq!(sources[1].option("table-name"), Some(r"od\.d\$\,s"));
    assert_eq!(script.jdbc().nth(1).unwrap().option("table-name"), Some("od.d$,s"));
    assert!(text.contains("-- Note: shop.orders.select: a value below 00:00:00"), "{text}");
    assert!(
        text.contains("  `id` DECIMAL(20, 0) NOT NULL,\n  `select` TIME(0),\n  PRIMARY KEY (`id`) NOT ENFORCED\n"),
        "{text}"
    );
    assert!(
        text.contains(
            "INSERT INTO `shop_orders_sink` (`id`, `select`) SELECT `id`, `select` FROM `shop_orders_source`;"
        )
    );
}

#[test]
fn what_cannot_be_carried_is_named_all_at_once() {
    let mut computed = table("c", &[("id", "int")], &["id"]);
    computed.columns[0].generated = true;
    let tables = [
        table("a", &[("id", "int"), ("place", "point"), ("flags", "bit(8)")], &["id"]),
        table("b", &[("x", "time(3)")], &[]),
        computed,
        table("it's", &[("id", "int")], &["id"]),
        table("d", &[("id", "int"), ("long raw", "blob"), ("größe_$1", "int")], &["id"]),
    ];
    let refusals = generate(&tables, 1).unwrap_err();
    let objects: Vec<_> = refusals.iter().map(|refusal| refusal.object.as_str()).collect();
    assert_eq!(
        objects,
        ["shop.a.place", "shop.a.flags", "shop.b.x", "shop.b", "shop.c.id", "shop.it's", "shop.d.long raw"]
    );
    assert!(
        refusals.iter().all(|refusal| refusal.to_string().ends_with(&refusal.way_out) && !refusal.way_out.is_empty())
    );
}

#[test]
fn a_text_key_that_folds_case_is_noted() {
    let mut text = table("t", &[("k", "varchar(9)")], &["k"]);
    for (collation, noted) in [("utf8mb4_general_ci", 1), ("utf8mb4_bin", 0), ("utf8mb4_0900_as_cs", 0)] {
        text.columns[0].collation = Some(collation.into());
        assert_eq!(generate(std::slice::from_ref(&text), 1).unwrap()[0].notices.len(), noted, "{collation}");
    }
}

#[test]
fn one_name_in_flink_for_two_tables_is_refused() {
    let mut other = table("b_c", &[("id", "int")], &["id"]);
    other.schema = "a".into();
    let mut same = table("c", &[("id", "int")], &["id"]);
    same.schema = "a_b".into();
    assert_eq!(generate(&[other, same], 1).unwrap_err()[0].object, "a_b.c");
}
