//! What users have put into the schemas of the server itself.

use super::quote;
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Instance, Release, Schema},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const MYSQL: Check = Check {
    id: "mysqlSchema",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Tables and views in schema mysql with a name that 8.0 takes for itself",
    about: "8.0 keeps its dictionary in schema mysql. It refuses to start where a table or view has the name of one of its own \
            (MY-010781), or dies without a word (global_grants). Move the table to a schema of your own.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/upgrade-prerequisites.html"),
};

pub(super) const SYS: Check = Check {
    id: "auroraUpgradeCheckForSysSchemaObjectTypeMismatch",
    from: From::Aurora,
    level: Level::Warning,
    consequence: Consequence::BrokenAfterwards,
    title: "Tables in schema sys in the place of a view",
    about: "The upgrade cannot make the view of sys that a table stands in for. Aurora's own precheck refuses the upgrade.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some(super::AURORA),
};

const DICTIONARY: &str = include_str!("dictionary.csv");
const SYS_VIEWS: &str = include_str!("sys_views.csv");

fn names(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1)
}

pub(super) fn of_mysql(schema: &Schema, instance: &Instance, hop: &Hop, findings: &mut Findings) {
    if !hop.needs(&MYSQL) {
        return;
    }
    let tables = schema.tables.iter().map(|table| ("TABLE", &table.name));
    let all = tables.chain(schema.views.iter().map(|view| ("VIEW", &view.name)));
    for (kind, name) in all {
        // Where letter case counts, `Index_Stats` is another name.
        let fold = instance.lower_case_table_names != 0;
        let mut taken = names(DICTIONARY).filter_map(|line| line.split_once(','));
        let same = |own: &str| if fold { own.eq_ignore_ascii_case(name) } else { own == name };
        let Some((_, effect)) = taken.find(|(own, _)| same(own)) else { continue };
        let from = quote::table(&schema.name, name);
        let fix = match kind {
            "VIEW" => format!("DROP VIEW {from}"),
            _ => format!("RENAME TABLE {from} TO {}", quote::table(&schema.name, &format!("{name}_own"))),
        };
        let entry = findings
            .add(&MYSQL, format!("{}.{name}", schema.name), "8.0 keeps a table of its own under this name")
            .fix(fix)
            .query(quote::shown("table_type", "TABLES", &schema.name, name));
        if effect == "broken" {
            entry.worth(Level::Error, Consequence::BrokenAfterwards);
        }
    }
}

pub(super) fn of_sys(schema: &Schema, hop: &Hop, findings: &mut Findings) {
    if !hop.needs(&SYS) {
        return;
    }
    for table in schema.tables.iter().filter(|table| names(SYS_VIEWS).any(|view| view == table.name)) {
        let entry = findings
            .add(&SYS, format!("{}.{}", schema.name, table.name), "It is a table where sys has a view")
            .fix(format!("DROP TABLE {}", quote::table(&schema.name, &table.name)))
            .query(quote::shown("table_type", "TABLES", &schema.name, &table.name));
        super::refused_by_aurora(entry, hop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        port::catalogue::View,
        precheck::structure::samples::{found_in, found_on, table, upgrade},
    };

    fn mysql(tables: &[&str]) -> Schema {
        let tables = tables.iter().map(|name| table(name, [])).collect();
        Schema { name: "mysql".into(), tables, ..Schema::default() }
    }

    #[test]
    fn names_of_the_dictionary_are_taken() {
        let mut schema = mysql(&["tables", "global_grants", "user", "Index_Stats", "rds_history"]);
        schema.views.push(View { name: "routines".into(), ..View::default() });
        let findings = found_in(schema, &upgrade());
        assert_eq!(findings.of("mysqlSchema"), ["mysql.tables", "mysql.global_grants", "mysql.routines"]);
        assert_eq!(findings.worth("mysql.tables").1, Consequence::StopsTheUpgrade);
        let roles = found_in(mysql(&["default_roles"]), &upgrade());
        assert_eq!(roles.worth("mysql.default_roles").1, Consequence::BrokenAfterwards);
        assert_eq!(findings.fix("mysql.tables"), "RENAME TABLE `mysql`.`tables` TO `mysql`.`tables_own`");
        let folding = Instance { lower_case_table_names: 1, ..Instance::default() };
        assert_eq!(found_on(mysql(&["Index_Stats"]), &folding, &upgrade()).of("mysqlSchema"), ["mysql.Index_Stats"]);
    }

    #[test]
    fn the_same_names_elsewhere_are_free() {
        let mut schema = mysql(&["tables"]);
        schema.name = "shop".into();
        assert!(found_in(schema, &upgrade()).of("mysqlSchema").is_empty());
    }

    #[test]
    fn sys_keeps_its_views() {
        let mut schema = mysql(&["sys_config", "processlist", "of_mine"]);
        schema.name = "sys".into();
        let findings = found_in(schema, &upgrade());
        assert_eq!(findings.of("auroraUpgradeCheckForSysSchemaObjectTypeMismatch"), ["sys.processlist"]);
    }
}
