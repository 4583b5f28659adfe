//! Foreign keys and what they refer to.

use super::{Table, quote};
use crate::{
    event::{Consequence, Level},
    port::catalogue::Release,
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const ENGINE: Check = Check {
    id: "invalidEngineForeignKey",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Foreign keys that refer to a table of another engine",
    about: "A parent made anew in another engine is no parent: nothing is checked, and the definition is refused when the table \
            is altered or restored.",
    holds: Holds::Crossing(Release(8, 0, 0)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/create-table-foreign-keys.html"),
};

pub(super) const KEY: Check = Check {
    id: "foreignKeyReferences",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Foreign keys that refer to something that is no whole unique key",
    about: "With restrict_fk_on_non_standard_key, which 8.4 sets, the definition is refused (6125) when the table is made anew or \
            restored. Give the parent a unique key of exactly these columns.",
    holds: Holds::Crossing(Release(8, 4, 0)),
    link: Some(
        "https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_restrict_fk_on_non_standard_key",
    ),
};

pub(super) fn of_table(of: &Table<'_>, hop: &Hop, findings: &mut Findings) {
    for key in &of.table.foreign_keys {
        let (schema, table) = &key.parent;
        let parent_engine = key.parent_engine.as_deref().filter(|engine| !engine.eq_ignore_ascii_case("InnoDB"));
        if let Some(engine) = parent_engine.filter(|_| hop.needs(&ENGINE)) {
            let message = format!("It refers to {schema}.{table}, a table of engine {engine}");
            findings
                .add(&ENGINE, of.column(&key.name), message)
                .fix(format!("ALTER TABLE {} ENGINE = InnoDB", quote::table(schema, table)))
                .query(quote::shown("engine", "TABLES", schema, table));
        }
        if hop.needs(&KEY) && parent_engine.is_none() && key.parent_is_unique == Some(false) {
            let list = quote::list(&key.parent_columns);
            findings
                .add(
                    &KEY,
                    of.column(&key.name),
                    format!("It refers to {list} of {schema}.{table}, which is no unique key of that table"),
                )
                .fix(format!("ALTER TABLE {} ADD UNIQUE KEY {list}", quote::table(schema, table)))
                .query(quote::shown("index_name, non_unique, column_name", "STATISTICS", schema, table));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        port::catalogue::ForeignKey,
        precheck::structure::samples::{found, later, table, upgrade},
    };

    fn key(name: &str, engine: Option<&str>, unique: Option<bool>) -> ForeignKey {
        ForeignKey {
            name: name.into(),
            parent: ("far".into(), "p".into()),
            parent_columns: vec!["a".into(), "b".into()],
            parent_is_unique: unique,
            parent_engine: engine.map(str::to_owned),
            ..ForeignKey::default()
        }
    }

    #[test]
    fn a_parent_of_another_engine() {
        let mut made = table("t", []);
        made.foreign_keys = vec![
            key("bad", Some("MyISAM"), Some(true)),
            key("good", Some("InnoDB"), Some(true)),
            key("gone", None, None),
        ];
        let findings = found(made, &upgrade());
        assert_eq!(findings.of("invalidEngineForeignKey"), ["shop.t.bad"]);
        assert_eq!(findings.fix("shop.t.bad"), "ALTER TABLE `far`.`p` ENGINE = InnoDB");
    }

    #[test]
    fn a_parent_without_that_unique_key_in_another_schema() {
        let mut made = table("t", []);
        made.foreign_keys = vec![
            key("part", Some("InnoDB"), Some(false)),
            key("whole", Some("InnoDB"), Some(true)),
            key("gone", None, None),
        ];
        let findings = found(made.clone(), &later());
        assert_eq!(findings.of("foreignKeyReferences"), ["shop.t.part"]);
        assert_eq!(findings.fix("shop.t.part"), "ALTER TABLE `far`.`p` ADD UNIQUE KEY (`a`, `b`)");
        assert!(found(made, &upgrade()).of("foreignKeyReferences").is_empty());
    }
}
