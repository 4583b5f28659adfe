use proptest::prelude::*;

use super::*;

const AURORA: &str = r#"{
    "serverAddress": "/tmp%2Fmysql.sock",
    "serverVersion": "5.7.12 - MySQL Community Server (GPL)",
    "targetVersion": "8.0.39",
    "auroraServerVersion": "2.11.2",
    "auroraTargetVersion": "3.08.2",
    "outfilePath": "/rdsdbdata/tmp/PreChecker.log",
    "checksPerformed": [
        { "id": "oldTemporalCheck", "title": "Usage of old temporal type", "status": "OK", "detectedProblems": [] },
        { "id": "routinesSyntaxCheck", "title": "Syntax", "status": "OK", "description": "Does not parse",
          "documentationLink": "https://dev.mysql.com/doc/refman/en/keywords.html", "detectedProblems": [
            { "level": "Error", "dbObject": "shop.close", "description": "at line 5,8: unexpected token 'rank'", "dbObjectType": "Routine" },
            { "level": "Warning", "dbObject": "shop.it's \"quoted\" } ]", "new": [1] } ] },
        { "id": "circularDirectory", "title": "Circular directories", "status": "ERROR", "description": "FreeableMemory is low" },
        { "id": "enumSetElementLenghtCheck", "title": "ENUM", "status": "OK", "detectedProblems": [ { "level": "Strange", "dbObject": "shop.t.e", "description": "long" } ] },
        { "id": "auroraUpgradeCheckForInternalUsers", "title": "Users", "detectedProblems": [ { "level": "Notice", "dbObject": "rdsadmin" } ] }
    ],
    "errorCount": 2, "warningCount": 1, "noticeCount": 1,
    "Summary": "2 errors were found."
}
"#;

const RDS: &str = "Executing Compatibility Checks for the MySQL server at localhost:3306.
Source Version: 5.7.40-log - Source distribution, Target Version: 8.0.32.

1) Usage of old temporal type
  No issues found.

2) Usage of db objects with names conflicting with new reserved keywords
  Warning: The following objects have names that conflict with new reserved
    keywords. Quote them.
  More information:
    https://dev.mysql.com/doc/refman/en/keywords.html

  shop.System - Table name
  shop.System.JSON_TABLE - Column name, which is a rather long story that is
    told over two lines

3) Usage of removed functions
  Error: The following DB objects make use of removed functions.
  shop.totals - VIEW uses removed function ENCODE (consider using AES_ENCRYPT
    instead)

4) Check for the free space : ERROR
The DB instance must have more free space.

5) Removed system variables
  No issues found.

Errors: 2
Warnings: 2
Database Objects Affected: 4
----------------------- END OF LOG ----------------------
";

fn told(log: &UpgradeLog) -> Vec<(&str, Level, &str, &str)> {
    log.findings.iter().map(|f| (f.check.as_str(), f.level, f.object.as_str(), f.message.as_str())).collect()
}

#[test]
fn a_log_of_aurora_is_read() {
    let log = read(AURORA);
    assert_eq!(
        told(&log),
        [
            ("syntax", Level::Error, "shop.close", "at line 5,8: unexpected token 'rank'"),
            ("syntax", Level::Warning, "shop.it's \"quoted\" } ]", "Does not parse"),
            (
                "circularDirectory",
                Level::Error,
                "",
                "This check could not run: Circular directories. FreeableMemory is low"
            ),
            ("enumSetElementLength", Level::Warning, "shop.t.e", "long"),
            ("auroraUpgradeCheckForInternalUsers", Level::Notice, "rdsadmin", "Users"),
        ]
    );
    assert_eq!((log.cut, log.errors), (false, Some(2)));
    assert_eq!(log.findings[0].consequence, Consequence::StopsTheUpgrade);
    assert_eq!(log.findings[0].fix.as_deref(), Some("Read https://dev.mysql.com/doc/refman/en/keywords.html"));
}

#[test]
fn a_log_of_rds_is_read() {
    let log = read(RDS);
    assert_eq!(
        told(&log),
        [
            ("reservedKeywords", Level::Warning, "shop.System", "Table name"),
            (
                "reservedKeywords",
                Level::Warning,
                "shop.System.JSON_TABLE",
                "Column name, which is a rather long story that is told over two lines"
            ),
            (
                "removedFunctions",
                Level::Error,
                "shop.totals",
                "VIEW uses removed function ENCODE (consider using AES_ENCRYPT instead)"
            ),
            ("checkForTheFreeSpace", Level::Error, "", "The DB instance must have more free space."),
        ]
    );
    assert_eq!((log.cut, log.errors), (false, Some(2)));
}

#[test]
fn spellings_are_one_id() {
    for (written, id) in [
        ("circularDirectory", "circularDirectory"),
        ("circularDirectoryCheck", "circularDirectory"),
        ("routineSyntaxCheck", "syntax"),
        ("routinesSyntaxCheck", "syntax"),
        ("enumSetElementLenghtCheck", "enumSetElementLength"),
        ("groupByAscSyntaxCheck", "groupbyAscSyntax"),
        ("mysqlInvalid57NamesCheck", "invalid57Names"),
        ("getDuplicateTriggers", "getDuplicateTriggers"),
        ("auroraFODUpgradeCheck", "auroraFODUpgradeCheck"),
        ("somethingNewCheck", "somethingNew"),
        ("check", "check"),
    ] {
        assert_eq!(ids::of_id(written), id, "{written}");
    }
    assert_eq!(ids::of_title("Removed system variables for error logging to the system log"), "removedSysLogVars");
    assert_eq!(ids::of_title("???"), "upgradeLog");
}

#[test]
fn what_stands_before_the_cut_is_kept() {
    let whole = read(AURORA).findings;
    let mut longest = 0;
    for end in (0..AURORA.len()).filter(|end| AURORA.is_char_boundary(*end)) {
        let log = read(&AURORA[..end]);
        assert!(whole.starts_with(&log.findings), "cut at {end}");
        assert!(log.findings.len() >= longest, "cut at {end}");
        longest = log.findings.len();
        assert!(log.cut || end > AURORA.rfind('}').unwrap(), "cut at {end}");
    }
    assert_eq!(longest, whole.len());
    let half = &RDS[..RDS.find("4) Check").unwrap()];
    assert_eq!((read(half).findings.len(), read(half).cut), (3, true));
}

proptest! {
    #[test]
    fn no_text_is_too_much(text in ".*", json in "[\\[\\]{}\":,a-z0-9\\\\ ]{0,200}", lines in "([0-9]{1,3}\\) |Error: |a.b - |    |\n|: ERROR|é){0,40}") {
        read(&text);
        read(&json);
        read(&format!("{{{json}"));
        read(&lines);
    }

    #[test]
    fn a_changed_log_is_read_as_far_as_it_goes(at in 0..AURORA.len(), byte in any::<u8>()) {
        for whole in [AURORA, RDS] {
            let mut bytes = whole.as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            read(&String::from_utf8_lossy(&bytes));
        }
    }
}
