//! How accounts log in, and what they may.

use super::quote;
use crate::{
    event::{Consequence, Level},
    port::catalogue::{Account, Instance, Release},
    precheck::{
        check::{Check, From, Holds, Hop},
        findings::Findings,
    },
};

pub(super) const METHOD: Check = Check {
    id: "authMethodUsage",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::Advice,
    title: "Accounts that log in by a plugin that goes",
    about: "mysql_native_password is off by default in MySQL 8.4 (RDS and Aurora keep it on) and gone in 9.0; authentication_fido \
            is gone in 8.4; sha256_password is deprecated. An account whose plugin is gone cannot log in. Change it before the \
            upgrade where its clients can do caching_sha2_password, the CDC connectors among them.",
    holds: Holds::Always,
    link: Some("https://dev.mysql.com/doc/refman/8.4/en/native-pluggable-authentication.html"),
};

pub(super) const ROUTER: Check = Check {
    id: "deprecatedRouterAuthMethod",
    from: From::MysqlShell,
    level: Level::Warning,
    consequence: Consequence::BrokenAfterwards,
    title: "Accounts of MySQL Router that log in by a plugin that goes",
    about: "Routers bootstrapped by old releases have such accounts. Bootstrap them again with a Router of the target's release.",
    holds: Holds::Always,
    link: Some("https://dev.mysql.com/doc/mysql-router/8.4/en/mysqlrouter.html"),
};

pub(super) const PRIVILEGES: Check = Check {
    id: "invalidPrivileges",
    from: From::MysqlShell,
    level: Level::Notice,
    consequence: Consequence::Advice,
    title: "Accounts with a privilege that 8.4 does not have",
    about: "SET_USER_ID is taken away by the upgrade to 8.4; what it allowed is then SET_ANY_DEFINER and \
            ALLOW_NONEXISTENT_DEFINER. A GRANT that names it is a syntax error (1149).",
    holds: Holds::Crossing(Release(8, 4, 0)),
    link: Some("https://dev.mysql.com/doc/refman/8.4/en/mysql-nutshell.html"),
};

/// The server's own accounts, and those of RDS.
fn is_internal(account: &Account) -> bool {
    let user = user(account);
    user.starts_with("mysql.")
        || user.starts_with("rdsadmin")
        || user.starts_with("rdsrepladmin")
        || user.starts_with("AWS_")
}

fn user(account: &Account) -> &str {
    account.name.strip_prefix('\'').and_then(|rest| rest.split_once("'@'")).map_or(&account.name, |(user, _)| user)
}

pub(super) fn of_instance(instance: &Instance, hop: &Hop, findings: &mut Findings) {
    for account in instance.accounts.iter().filter(|account| !is_internal(account)) {
        plugin(account, hop, findings);
        if hop.needs(&PRIVILEGES) && account.privileges.iter().any(|held| held == "SET_USER_ID") {
            findings
                .add(&PRIVILEGES, &account.name, "It holds SET_USER_ID, which 8.4 does not have")
                .fix(format!("REVOKE SET_USER_ID ON *.* FROM {}", account.name))
                .query(format!("SHOW GRANTS FOR {}", account.name));
        }
    }
}

fn plugin(account: &Account, hop: &Hop, findings: &mut Findings) {
    let Some((gone, level)) = fate(&account.plugin, hop) else { return };
    let plugin = &account.plugin;
    let check = if user(account).starts_with("mysql_router") { &ROUTER } else { &METHOD };
    let message = match gone {
        true => format!("It logs in by {plugin}, which {} does not have: it cannot log in any more", hop.to),
        false => format!("It logs in by {plugin}, which is deprecated"),
    };
    let mut entry = findings
        .add(check, &account.name, message)
        .query(format!("SELECT user, host FROM mysql.user WHERE plugin = {}", quote::text(plugin)));
    // Earlier servers make up no password, and one that is written down here is none.
    if hop.from >= Release(8, 0, 18) {
        let fix = format!("ALTER USER {} IDENTIFIED WITH caching_sha2_password BY RANDOM PASSWORD", account.name);
        entry = entry.fix(fix);
    }
    // A locked account has nobody to lock out.
    match (gone, account.locked) {
        (true, false) => entry.worth(Level::Error, Consequence::BrokenAfterwards),
        _ => entry.worth(level, Consequence::Advice),
    };
}

/// Whether the target lacks the plugin, or else what its use is worth; `None` where there is nothing to say.
fn fate(plugin: &str, hop: &Hop) -> Option<(bool, Level)> {
    match plugin {
        // Nothing changes for it before 8.4, and until then it is what RDS gives an account.
        "mysql_native_password" if hop.to >= Release(9, 0, 0) => Some((true, Level::Error)),
        "mysql_native_password" if hop.to >= Release(8, 4, 0) => Some((false, Level::Warning)),
        "authentication_fido" if hop.to >= Release(8, 4, 0) => Some((true, Level::Error)),
        "authentication_fido" | "sha256_password" if hop.to >= Release(8, 0, 11) => Some((false, Level::Warning)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::precheck::structure::samples::{found_of, later, upgrade};

    fn account(name: &str, plugin: &str) -> Account {
        Account { name: name.into(), plugin: plugin.into(), ..Account::default() }
    }

    fn accounts() -> Instance {
        let mut granted = account("'ops'@'%'", "caching_sha2_password");
        granted.privileges = vec!["SET_USER_ID".into()];
        let accounts = vec![
            account("'app'@'%'", "mysql_native_password"),
            account("'old'@'%'", "sha256_password"),
            account("'mysql_router1_abc'@'%'", "mysql_native_password"),
            account("'mysql.sys'@'localhost'", "mysql_native_password"),
            account("'rdsadmin'@'localhost'", "mysql_native_password"),
            granted,
        ];
        Instance { accounts, ..Instance::default() }
    }

    #[test]
    fn by_target_and_account() {
        let to_80 = found_of(&accounts(), &upgrade());
        assert_eq!(to_80.of("authMethodUsage"), ["'old'@'%'"]);
        assert_eq!(to_80.count(), 1);
        let to_84 = found_of(&accounts(), &later());
        assert_eq!(to_84.of("authMethodUsage"), ["'app'@'%'", "'old'@'%'"]);
        assert_eq!(to_84.of("deprecatedRouterAuthMethod"), ["'mysql_router1_abc'@'%'"]);
        assert_eq!(to_84.of("invalidPrivileges"), ["'ops'@'%'"]);
        assert_eq!(to_84.worth("'app'@'%'"), (Level::Warning, Consequence::Advice));
        let to_9 = found_of(&accounts(), &Hop { to: Release(9, 0, 0), ..later() });
        assert_eq!(to_9.worth("'app'@'%'"), (Level::Error, Consequence::BrokenAfterwards));
        assert_eq!(to_9.worth("'old'@'%'"), (Level::Warning, Consequence::Advice));
    }

    #[test]
    fn a_locked_account_locks_nobody_out() {
        let mut instance = accounts();
        instance.accounts[0].locked = true;
        let to_9 = found_of(&instance, &Hop { to: Release(9, 0, 0), ..later() });
        assert_eq!(to_9.worth("'app'@'%'"), (Level::Error, Consequence::Advice));
    }
}
