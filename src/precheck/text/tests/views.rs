//! Views.

use super::*;
use crate::event::Level;

#[test]
fn a_view_with_what_is_gone_is_broken_afterwards() {
    for (definition, check) in [
        ("select encode('a','b') AS `e`", "removedFunctions"),
        ("select password('x') AS `p`", "removedFunctions"),
        ("select sql_cache `shop`.`t`.`a` AS `a` from `shop`.`t`", "syntax"),
        ("select `shop`.`t`.`a` AS `a` from `shop`.`t` group by `shop`.`t`.`a` desc", "groupbyAscSyntax"),
        ("select `mysql`.`proc`.`name` AS `name` from `mysql`.`proc`", "removed_system_tables"),
    ] {
        let schema = Schema { views: vec![view("v", definition)], ..shop() };
        let found = judged(&schema, TO_8);
        assert_eq!(found.len(), 1, "{definition}: {found:?}");
        assert_eq!((found[0].check.as_str(), found[0].object.as_str()), (check, "shop.v"));
        assert_eq!(
            (found[0].level, found[0].consequence),
            (Level::Error, Consequence::BrokenAfterwards),
            "{definition}"
        );
        assert_eq!(found[0].query.as_deref(), Some("SHOW CREATE VIEW `shop`.`v`"));
    }
}

#[test]
fn a_view_as_the_server_has_rewritten_it_is_well() {
    for definition in [
        "select st_astext(point(1,1)) AS `x`,st_x(point(1,1)) AS `X(p)`,mbrcontains(point(1,1),point(1,1)) AS `contains(a,b)`",
        "select `shop`.`t`.`rank` AS `rank`,`shop`.`encode`('a') AS `encode` from `shop`.`t` order by `shop`.`t`.`a` desc",
        "select md5('a') AS `m`,'\\\\N' AS `n`,NULL AS `o`,.5 AS `.5`",
    ] {
        assert_eq!(told(&Schema { views: vec![view("v", definition)], ..shop() }, TO_8), [], "{definition}");
    }
    let hashed = Schema { views: vec![view("v", "select md5('a') AS `m`")], ..shop() };
    assert_eq!(told(&hashed, TO_97), [("removedFunctions".into(), "shop.v".into(), Consequence::BrokenAfterwards)]);
}

#[test]
fn a_view_on_a_view_that_breaks_is_broken_too() {
    let schema = Schema {
        views: vec![
            view("a", "select `shop`.`b`.`e` AS `e` from `shop`.`b`"),
            view("b", "select `q`.`e` AS `e` from (`shop`.`c` `q` join `shop`.`t` on((1 = 1)))"),
            view("c", "select encode('a','b') AS `e`"),
            view("d", "select `c`.`e` AS `e` from `other`.`c`"),
            view("e", "select 'from `shop`.`c`' AS `e` from `shop`.`t`"),
        ],
        ..shop()
    };
    let mut found: Vec<_> = judged(&schema, TO_8).into_iter().map(|found| (found.check, found.object)).collect();
    found.sort();
    let expected =
        [("removedFunctions", "shop.c"), ("view_on_broken_view", "shop.a"), ("view_on_broken_view", "shop.b")];
    assert_eq!(found, expected.map(|(check, object)| (check.to_owned(), object.to_owned())));
}

#[test]
fn views_that_read_each_other_come_to_an_end() {
    let schema = Schema {
        views: vec![view("a", "select 1 from `shop`.`b`"), view("b", "select encode(1,2) from `shop`.`a`")],
        ..shop()
    };
    assert_eq!(told(&schema, TO_8).len(), 2);
}

#[test]
fn a_view_that_cannot_be_read_today_is_told_in_the_servers_words() {
    let why = "View 'shop.v' references invalid table(s)";
    let broken = View { broken: Some(why.into()), ..view("v", "") };
    let found = judged(&Schema { views: vec![broken], ..shop() }, TO_97);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].check.as_str(), found[0].consequence), ("checkTableCommand", Consequence::BrokenAfterwards));
    assert!(found[0].message.contains(why));
}

#[test]
fn a_view_whose_text_is_cut_holds_what_utf8mb3_cannot() {
    let check = "auroraUpgradeCheckForInvalidUtf8mb3CharacterStringInViews";
    let of = |definition: &[u8]| {
        let view = View { definition: definition.to_vec(), ..view("v", "") };
        told(&Schema { views: vec![view], ..shop() }, TO_8)
    };
    for definition in [&b"select '"[..], b"select _utf8'\xf0\x9f' AS `x`"] {
        assert_eq!(of(definition), [(check.into(), "shop.v".into(), Consequence::StopsTheUpgrade)]);
    }
    assert_eq!(of("select 'größe' AS `größe`".as_bytes()), []);
}
