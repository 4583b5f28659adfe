use super::*;
use crate::{
    port::catalogue,
    precheck::structure::samples::{column, found, found_in, index, table, upgrade},
};

fn with(columns: &[(&str, u32)]) -> catalogue::Table {
    let mut made = table("t", [column("id", "int", "int(11)"), column("g", "point", "point")]);
    let columns = columns.iter().map(|(name, mtype)| ((*name).to_owned(), *mtype)).collect();
    made.innodb = Some(InnodbTable { columns, ..InnodbTable::default() });
    made
}

#[test]
fn the_same_columns_are_no_difference() {
    assert_eq!(found(with(&[("id", 6), ("g", 14)]), &upgrade()).count(), 0);
    assert_eq!(found(with(&[("ID", 6), ("g", 14)]), &upgrade()).count(), 0);
    assert_eq!(found(with(&[]), &upgrade()).count(), 0);
}

#[test]
fn another_name_or_type_is_one() {
    for columns in
        [&[("id", 6), ("h", 14)][..], &[("id", 12), ("g", 14)], &[("id", 6)], &[("id", 6), ("g", 14), ("x", 6)]]
    {
        let findings = found(with(columns), &upgrade());
        assert_eq!(findings.of("getMismatchedMetadata"), ["shop.t"], "{columns:?}");
        assert_eq!(findings.count(), 1, "{columns:?}");
    }
}

#[test]
fn the_hidden_column_is_wrong_only_without_a_full_text_index() {
    let mut made = with(&[("id", 6), ("g", 14), ("FTS_DOC_ID", 6)]);
    let findings = found(made.clone(), &upgrade());
    assert_eq!(findings.of("auroraGetDanglingFulltextIndex"), ["shop.t"]);
    assert_eq!(findings.fix("shop.t"), "ALTER TABLE `shop`.`t` FORCE");
    assert_eq!(findings.count(), 1);
    let mut fulltext = index("f", false, &[("g", None)]);
    fulltext.kind = "FULLTEXT".into();
    made.indexes.push(fulltext);
    assert_eq!(found(made, &upgrade()).count(), 0);
}

#[test]
fn geometry_of_5_6_matters_to_early_targets_only() {
    let made = || with(&[("id", 6), ("g", 5)]);
    let early = Hop { to: Release(8, 0, 15), ..upgrade() };
    assert_eq!(found(made(), &early).of("oldGeometryTypes"), ["shop.t.g"]);
    assert_eq!(found(made(), &upgrade()).count(), 0);
}

#[test]
fn two_tables_of_one_name() {
    let mut made = with(&[("id", 6)]);
    made.engine = Some("MyISAM".into());
    let findings = found(made.clone(), &upgrade());
    assert_eq!(findings.of("engineMixup"), ["shop.t"]);
    assert_eq!(findings.worth("shop.t"), (Level::Warning, Consequence::SilentUntilUsed));
    let aurora = Hop { aurora: true, ..upgrade() };
    assert_eq!(found(made, &aurora).worth("shop.t"), (Level::Error, Consequence::StopsTheUpgrade));
}

#[test]
fn what_only_innodb_has() {
    let only_in_innodb = vec!["重".to_owned(), "#sql-ib12".to_owned()];
    let schema = Schema { name: "shop".into(), only_in_innodb, ..Schema::default() };
    let aurora = Hop { aurora: true, ..upgrade() };
    let findings = found_in(schema, &aurora);
    assert_eq!(findings.of("schemaInconsistency"), ["shop.重", "shop.#sql-ib12"]);
    assert_eq!(findings.worth("shop.重").0, Level::Error);
    assert_eq!(findings.worth("shop.#sql-ib12").0, Level::Warning);
}

#[test]
fn a_path_that_steps_back() {
    assert!(is_circular("/data/../other/t.ibd") && is_circular("/a/b/.."));
    assert!(!is_circular("./shop/t.ibd") && !is_circular("/data/..shop/t.ibd") && !is_circular("../t.ibd"));
    assert_eq!(owner("shop/t").0, "shop.t");
    assert_eq!(owner("ts1"), ("ts1".to_owned(), None));
}

#[test]
fn what_only_the_server_has() {
    let mut made = with(&[]);
    made.innodb = None;
    let findings = found(made.clone(), &upgrade());
    assert_eq!(findings.of("schemaInconsistency"), ["shop.t"]);
    assert_eq!(findings.worth("shop.t"), (Level::Error, Consequence::StopsTheUpgrade));
    let unread = catalogue::Unread { what: "INNODB_SYS_TABLES".into(), schema: None, why: "denied".into() };
    let schema = Schema { name: "shop".into(), tables: vec![made], unread: vec![unread], ..Schema::default() };
    assert!(found_in(schema, &upgrade()).of("schemaInconsistency").is_empty());
}
