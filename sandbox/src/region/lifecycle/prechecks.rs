//! The log files an upgrade leaves on green.

use serde_json::json;

use crate::region::Region;
use crate::region::action::LogFile;
use crate::region::version;

pub(super) enum Found<'a> {
    Nothing,
    /// One problem, which stopped the upgrade.
    Errors(&'a str),
}

/// As Aurora spells them: not quite as MySQL Shell does.
const CHECKS: [(&str, &str); 6] = [
    ("oldTemporalCheck", "Usage of old temporal type"),
    ("reservedKeywordsCheck", "Usage of db objects with names conflicting with new reserved keywords"),
    ("enumSetElementLenghtCheck", "ENUM/SET column definitions containing elements longer than 255 characters"),
    ("routinesSyntaxCheck", "MySQL syntax check for routine-like objects"),
    ("circularDirectory", "Circular directory references in tablespace data file paths"),
    ("auroraUpgradeCheckForInstanceLimit", "Check for instance class limits"),
];

impl Region {
    /// `upgrade-prechecks.log` on the writer of an Aurora green, `PrePatchCompatibility.log` on an RDS one.
    pub(super) fn log_prechecks(&mut self, id: &str, found: Found<'_>) {
        let Some(deployment) = self.deployment_mut(id).map(|deployment| deployment.clone()) else { return };
        let Some(target) = deployment.source().target.clone() else { return };
        let Some(writer) = self.writer_of(&target).cloned() else { return };
        let old = self.writer_of(&deployment.source().source).map(|blue| blue.version.clone()).unwrap_or_default();
        let new = &deployment.plan.version;
        let server =
            |text: &str| version::resolve(&writer.engine, text).map(|version| version.server).unwrap_or_default();
        let (name, text) = if writer.cluster.is_some() {
            let checks: Vec<_> =
                CHECKS.iter().enumerate().map(|(nth, (id, title))| check(nth, id, title, &found)).collect();
            let errors = u32::from(matches!(found, Found::Errors(_)));
            let summary = match errors {
                0 => "No fatal errors were found that would prevent an upgrade.".to_owned(),
                _ => format!(
                    "{errors} errors were found. Please correct these issues before upgrading to avoid problems."
                ),
            };
            let report = json!({
                "serverAddress": format!("/tmp%2Fmysql.sock"),
                "serverVersion": format!("{} - MySQL Community Server (GPL)", server(&old)),
                "targetVersion": new.server,
                "auroraServerVersion": old.rsplit("mysql_aurora.").next(),
                "auroraTargetVersion": new.version.rsplit("mysql_aurora.").next(),
                "outfilePath": "/rdsdbdata/tmp/PreChecker.log",
                "checksPerformed": checks,
                "errorCount": errors,
                "warningCount": 0,
                "noticeCount": 0,
                "Summary": summary,
            });
            ("upgrade-prechecks.log", format!("{report:#}\n"))
        } else {
            ("PrePatchCompatibility.log", text_log(&server(&old), &new.server, &found))
        };
        self.logs.retain(|log| log.instance != writer.resource_id || log.name != name);
        self.logs.push(LogFile { instance: writer.resource_id, name: name.to_owned(), text, written_at: self.now });
    }
}

fn check(nth: usize, id: &str, title: &str, found: &Found<'_>) -> serde_json::Value {
    let problems = match found {
        Found::Errors(reason) if nth == 0 => {
            json!([{ "level": "Error", "dbObject": "orders.items", "description": reason, "dbObjectType": "Table" }])
        }
        _ => json!([]),
    };
    // The status tells whether the check ran, not what it found.
    json!({ "id": id, "title": title, "status": "OK", "detectedProblems": problems })
}

fn text_log(old: &str, new: &str, found: &Found<'_>) -> String {
    let mut text = format!(
        "Executing Compatibility Checks for the MySQL server at localhost:3306.\n\
         Source Version: {old}-log - Source distribution, Target Version: {new}.\n\n"
    );
    for (nth, (_, title)) in CHECKS.iter().enumerate() {
        let verdict = match found {
            Found::Errors(reason) if nth == 0 => format!("Error: These stop the upgrade.\n\n  orders.items - {reason}"),
            _ => "No issues found.".to_owned(),
        };
        text.push_str(&format!("{}) {title}\n  {verdict}\n\n", nth + 1));
    }
    let errors = u32::from(matches!(found, Found::Errors(_)));
    text.push_str(&format!("Errors: {errors}\nWarnings: 0\nDatabase Objects Affected: {errors}\n"));
    text.push_str("----------------------- END OF LOG ----------------------\n");
    text
}
