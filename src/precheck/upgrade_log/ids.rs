//! One id for each check, however a log spells it: the one of MySQL Shell's upgrade checker where it has the check, else
//! the log's own.

/// Official id, and the begin of its title in lower case.
const CHECKS: [(&str, &str); 29] = [
    ("oldTemporal", "usage of old temporal type"),
    ("syntax", "mysql syntax check for routine-like objects"),
    ("syntax", "mysql 8.0 syntax check for routine-like objects"),
    ("reservedKeywords", "usage of db objects with names conflicting with new reserved keywords"),
    ("utf8mb3", "usage of utf8mb3 charset"),
    ("mysqlSchema", "table names in the mysql schema conflicting with new tables"),
    ("nonNativePartitioning", "partitioned tables using engines with non native partitioning"),
    ("foreignKeyLength", "foreign key constraint names longer than 64 characters"),
    ("maxdbSqlModeFlags", "usage of obsolete maxdb sql_mode flag"),
    ("obsoleteSqlModeFlags", "usage of obsolete sql_mode flags"),
    ("enumSetElementLength", "enum/set column definitions containing elements longer than 255 characters"),
    ("partitionedTablesInSharedTablespaces", "usage of partitioned tables in shared tablespaces"),
    ("circularDirectory", "circular directory references in tablespace data file paths"),
    ("removedFunctions", "usage of removed functions"),
    ("groupbyAscSyntax", "usage of removed group by asc/desc syntax"),
    ("removedSysLogVars", "removed system variables for error logging"),
    ("removedSysVars", "removed system variables"),
    ("sysVarsNewDefaults", "system variables with new default values"),
    ("zeroDates", "zero date, datetime, and timestamp values"),
    ("schemaInconsistency", "schema inconsistencies resulting from file removal or corruption"),
    ("engineMixup", "tables recognized by innodb that belong to a different engine"),
    ("checkTableCommand", "issues reported by 'check table x for upgrade' command"),
    ("defaultAuthenticationPlugin", "new default authentication plugin considerations"),
    ("columnsWhichCannotHaveDefaults", "columns which cannot have default values"),
    ("invalid57Names", "check for invalid table names and schema names used in 5.7"),
    ("orphanedObjects", "check for orphaned routines in 5.7"),
    ("dollarSignName", "check for deprecated usage of single dollar signs in object names"),
    ("indexTooLarge", "check for indexes that are too large"),
    ("emptyDotTableSyntax", "check for deprecated '.<table>' syntax used in routines"),
];

/// Spellings of Aurora, RDS and older Shells, in lower case and without `check` at the end, for which the letters of the
/// official id do not do.
const ALIASES: [(&str, &str); 14] = [
    ("routinesyntax", "syntax"),
    ("routinessyntax", "syntax"),
    ("depreciatedsyntax", "deprecatedSyntax"),
    ("enumsetelementlenght", "enumSetElementLength"),
    ("maxdbflag", "maxdbSqlModeFlags"),
    ("sqlmodeflag", "obsoleteSqlModeFlags"),
    ("checktableoutput", "checkTableCommand"),
    ("partitionedtablesinsharedtablespace", "partitionedTablesInSharedTablespaces"),
    ("mysqlemptydottablesyntax", "emptyDotTableSyntax"),
    ("mysqlindextoolarge", "indexTooLarge"),
    ("mysqlinvalid57names", "invalid57Names"),
    ("mysqlorphanedroutines", "orphanedObjects"),
    ("mysqldollarsignname", "dollarSignName"),
    ("removedsyslogvars", "removedSysLogVars"),
];

/// Of an id as a log writes it.
pub fn of_id(written: &str) -> String {
    let written = written.trim();
    let lower = written.to_ascii_lowercase();
    let bare = lower.strip_suffix("check").unwrap_or(&lower);
    if let Some((_, official)) = ALIASES.iter().find(|(alias, _)| *alias == bare) {
        return (*official).to_owned();
    }
    if let Some((official, _)) = CHECKS.iter().find(|(official, _)| official.eq_ignore_ascii_case(bare)) {
        return (*official).to_owned();
    }
    // Names of Aurora's own checks are kept as its pages list them.
    let keeps = lower.starts_with("aurora") || bare.is_empty();
    let end = if keeps { written.len() } else { bare.len() };
    written.get(..end).unwrap_or(written).to_owned()
}

/// Of a title, where a log has no ids: its words in camel case where no check has it.
pub(super) fn of_title(title: &str) -> String {
    let title = title.trim();
    let lower = title.to_lowercase();
    if let Some((official, _)) = CHECKS.iter().find(|(_, begin)| lower.starts_with(begin)) {
        return (*official).to_owned();
    }
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).take(8);
    let mut id = String::new();
    for word in words {
        let word = word.to_ascii_lowercase();
        match word.split_at_checked(1) {
            Some((first, rest)) if !id.is_empty() => id.extend([&first.to_ascii_uppercase(), rest]),
            _ => id.push_str(&word),
        }
    }
    if id.is_empty() { "upgradeLog".to_owned() } else { id }
}
