//! What the server as a whole is about: transactions, tablespaces, plugins and the way accounts are made.

use super::innodb;
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Instance, Release, Schema},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const XA: Check = Check {
    id: "auroraUpgradeCheckForIncompleteXATransactions",
    from: From::Aurora,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Prepared XA transactions",
    about: "8.0 dies on the undo log of a transaction that 5.7 has prepared, without a usable message. Ask the transaction manager \
            whether it is to be committed or rolled back.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some(super::AURORA),
};

pub(super) const HISTORY: Check = Check {
    id: "auroraUpgradeCheckForRollbackSegmentHistoryLength",
    from: From::Aurora,
    level: Level::Warning,
    consequence: Consequence::Advice,
    title: "More than a million undo entries that are not purged",
    about: "The upgrade has to wait for them, and may run out of its time. End long transactions and wait until the number falls.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some(super::AURORA),
};

pub(super) const CIRCULAR: Check = Check {
    id: "circularDirectory",
    from: From::MysqlShell,
    level: Level::Error,
    consequence: Consequence::BrokenAfterwards,
    title: "Files of tablespaces on a path with `..` in it",
    about: "8.0.17 and later do not take such a path in DATA DIRECTORY. Move the table before the upgrade.",
    holds: Holds::Crossing(Release(8, 0, 17)),
    link: Some("https://dev.mysql.com/doc/refman/8.0/en/upgrade-prerequisites.html"),
};

pub(super) const PLUGINS: Check = Check {
    id: "pluginUsage",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::Advice,
    title: "Plugins that 8.4 does not have",
    about: "authentication_fido and the keyring plugins are gone in 8.4, where components take their place.",
    holds: Holds::Always,
    link: Some("https://dev.mysql.com/doc/refman/8.4/en/mysql-nutshell.html"),
};

pub(super) const UNSUPPORTED: Check = Check {
    id: "auroraUnsupportedPluginsCheck",
    from: From::Aurora,
    level: Level::Error,
    consequence: Consequence::StopsTheUpgrade,
    title: "Plugins that Aurora does not carry over to 8.4",
    about: "Aurora's own precheck refuses the upgrade to 8.4 with plugins of other libraries than authentication_kerberos, \
            auth_socket, aws_auth and validate_password (documented; it was not measured here).",
    holds: Holds::Crossing(Release(8, 4, 0)),
    link: Some(AURORA_84),
};

pub(super) const DEFAULT_METHOD: Check = Check {
    id: "deprecatedDefaultAuth",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::Advice,
    title: "A plugin that goes as the way new accounts log in",
    about: "New accounts would be made with a plugin that is deprecated or gone.",
    holds: Holds::Crossing(Release(8, 0, 11)),
    link: Some("https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_authentication_policy"),
};

pub(super) const NEW_METHOD: Check = Check {
    id: "defaultAuthenticationPlugin",
    from: From::MysqlShell,
    level: Level::Notice,
    consequence: Consequence::Advice,
    title: "New accounts log in by caching_sha2_password",
    about: "RDS and Aurora keep mysql_native_password as the default of 8.0 and change to caching_sha2_password with 8.4: a client \
            that cannot do it cannot use an account made after the upgrade.",
    holds: Holds::Crossing(Release(8, 4, 0)),
    link: Some("https://dev.mysql.com/doc/refman/8.4/en/caching-sha2-pluggable-authentication.html"),
};

pub(super) const SCHEDULER: Check = Check {
    id: "event_scheduler",
    from: From::Ours,
    level: Level::Warning,
    consequence: Consequence::SilentUntilUsed,
    title: "Events that would fire on green as well",
    about: "Events run wherever the scheduler is on. On green before the switchover they write rows that blue writes too, and \
            replication stops or rows differ: event_scheduler must be OFF in green's parameter group until the switchover.",
    holds: Holds::Always,
    link: Some(
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/blue-green-deployments-best-practices.html",
    ),
};

const AURORA_84: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.upgrade-prechecks-v3-to-v84.descriptions.html";
const LONG_HISTORY: u64 = 1_000_000;
/// Libraries of plugins that Aurora carries over to 8.4.
const CARRIED: [&str; 4] = ["authentication_kerberos.so", "auth_socket.so", "aws_auth.so", "validate_password.so"];
const GONE_IN_84: [&str; 4] = ["authentication_fido", "keyring_file", "keyring_encrypted_file", "keyring_oci"];
const GOING: [&str; 3] = ["mysql_native_password", "sha256_password", "authentication_fido"];

fn variable<'a>(instance: &'a Instance, name: &str) -> Option<&'a str> {
    instance.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

pub(super) fn of_instance(instance: &Instance, hop: &Hop, findings: &mut Findings) {
    for id in instance.prepared_xa.iter().flatten().filter(|_| hop.needs(&XA)) {
        findings
            .add(&XA, id, "This XA transaction is prepared and neither committed nor rolled back")
            .fix(format!("XA ROLLBACK {id}"))
            .query("XA RECOVER CONVERT XID");
    }
    if let Some(length) = instance.history_length.filter(|length| *length > LONG_HISTORY && hop.needs(&HISTORY)) {
        findings
            .add(&HISTORY, "trx_rseg_history_len", format!("{length} undo entries wait for the purge"))
            .query("SELECT count FROM information_schema.INNODB_METRICS WHERE name = 'trx_rseg_history_len'");
    }
    for (tablespace, path) in
        instance.files.iter().filter(|(_, path)| hop.needs(&CIRCULAR) && innodb::is_circular(path))
    {
        let (object, fix) = innodb::owner(tablespace);
        let entry = findings
            .add(&CIRCULAR, object, format!("Its file is at {path}, a path that steps back"))
            .query("SELECT space, path FROM information_schema.INNODB_SYS_DATAFILES WHERE path LIKE '%/../%'");
        let entry = match fix {
            Some(fix) => entry.fix(fix),
            None => entry,
        };
        super::refused_by_aurora(entry, hop);
    }
    plugins(instance, hop, findings);
    default_method(instance, hop, findings);
}

fn plugins(instance: &Instance, hop: &Hop, findings: &mut Findings) {
    for plugin in instance.plugins.iter().filter(|plugin| plugin.status.eq_ignore_ascii_case("ACTIVE")) {
        let query = format!(
            "SELECT * FROM information_schema.PLUGINS WHERE plugin_name = {}",
            super::quote::text(&plugin.name)
        );
        if GONE_IN_84.contains(&plugin.name.to_ascii_lowercase().as_str()) {
            let gone = hop.to >= Release(8, 4, 0);
            let message = if gone { format!("{} does not have it", hop.to) } else { "It is deprecated".to_owned() };
            let entry = findings.add(&PLUGINS, &plugin.name, message).query(query);
            if gone {
                entry.worth(Level::Error, Consequence::BrokenAfterwards);
            }
        } else if let Some(library) = &plugin.library
            && hop.aurora
            && hop.needs(&UNSUPPORTED)
            && !CARRIED.contains(&library.as_str())
        {
            findings
                .add(
                    &UNSUPPORTED,
                    &plugin.name,
                    format!("Aurora does not carry plugins of {library} over to {}", hop.to),
                )
                .fix(format!("UNINSTALL PLUGIN {}", super::quote::ident(&plugin.name)))
                .query(query);
        }
    }
}

fn default_method(instance: &Instance, hop: &Hop, findings: &mut Findings) {
    for name in ["default_authentication_plugin", "authentication_policy"] {
        let Some(value) = variable(instance, name) else { continue };
        let query = format!("SELECT @@GLOBAL.{name}");
        let Some(going) = GOING.iter().find(|plugin| value.split(',').any(|part| part.trim() == **plugin)) else {
            continue;
        };
        // Until 8.4 it is the default of RDS, and there is nothing to do about it.
        if *going == "mysql_native_password" {
            if hop.needs(&NEW_METHOD) {
                let message = format!("It is {going} now; from {} on a new account gets caching_sha2_password", hop.to);
                findings.add(&NEW_METHOD, name, message).query(query);
            }
        } else if hop.needs(&DEFAULT_METHOD) || hop.crosses(Release(8, 4, 0)) {
            findings.add(&DEFAULT_METHOD, name, format!("It is {going}, which is deprecated or gone")).query(query);
        }
    }
}

pub(super) fn of_schema(schema: &Schema, instance: &Instance, hop: &Hop, findings: &mut Findings) {
    let on = variable(instance, "event_scheduler").is_some_and(|value| matches!(value, "ON" | "1"));
    if !on || !hop.needs(&SCHEDULER) {
        return;
    }
    for event in schema.programs.iter().filter(|program| program.enabled && program.kind.word() == "EVENT") {
        let message = "It is enabled and event_scheduler is ON: turn the scheduler off in green's parameter group until the switchover";
        findings
            .add(&SCHEDULER, format!("{}.{}", schema.name, event.name), message)
            .query(format!("SHOW EVENTS FROM {}", super::quote::ident(&schema.name)));
    }
}

#[cfg(test)]
mod tests;
