//! Log files of an instance, whole or with what is missing.

use upgrade::port::rds::{InstanceLog, RdsRead as _};

use crate::script::{Reply, Script};

fn portion(text: &str, marker: &str, more: bool) -> Reply {
    let result = format!(
        "<LogFileData>{text}</LogFileData><Marker>{marker}</Marker><AdditionalDataPending>{more}</AdditionalDataPending>"
    );
    Reply::xml("DownloadDBLogFilePortion", &result)
}

fn log(size: u64) -> InstanceLog {
    InstanceLog { name: "error/upgrade-prechecks.log".to_owned(), size, written_at: 2 }
}

#[tokio::test]
async fn the_newest_log_is_the_first() {
    let file = |name: &str, at: u8| {
        format!(
            "<DescribeDBLogFilesDetails><LogFileName>{name}</LogFileName><LastWritten>{at}</LastWritten>\
             <Size>7</Size></DescribeDBLogFilesDetails>"
        )
    };
    let result = format!("<DescribeDBLogFiles>{}{}</DescribeDBLogFiles>", file("old.log", 1), file("new.log", 2));
    let script = Script::of(vec![Reply::xml("DescribeDBLogFiles", &result)]).await;
    let found = script.reader().instance_logs("orders-1", "log").await.unwrap();
    let names: Vec<_> = found.iter().map(|log| (log.name.as_str(), log.size)).collect();
    assert_eq!(names, [("new.log", 7), ("old.log", 7)]);
    assert!(script.requests()[0].contains("FilenameContains=log"));
}

#[tokio::test]
async fn a_log_is_read_from_its_beginning_to_its_end() {
    let replies = vec![
        portion("one\n", "1:4", true),
        Reply::error(400, "Throttling"),
        // A portion may hold nothing.
        portion("", "1:5", true),
        portion("&lt;two&gt;\n", "1:9", false),
    ];
    let script = Script::of(replies).await;
    let found = script.reader().log_text("orders-1", &log(10)).await.unwrap();
    assert_eq!((found.text.as_str(), found.short_by), ("one\n<two>\n", 0));
    let requests = script.requests();
    let marked: Vec<_> = ["Marker=0", "Marker=1%3A4", "Marker=1%3A4", "Marker=1%3A5"]
        .into_iter()
        .zip(&requests)
        .filter(|(marker, request)| request.contains(marker))
        .collect();
    assert_eq!((requests.len(), marked.len()), (4, 4), "{requests:?}");
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let script = Script::of(vec![portion("one\n", "1:4", false)]).await;
    assert_eq!(script.reader().log_text("orders-1", &log(1_000)).await.unwrap().short_by, 996);
    for (replies, says) in [
        (vec![portion("one\n", "1:4", true), portion("one\n", "1:4", true)], "names the same marker again"),
        (vec![Reply::error(404, "DBLogFileNotFoundFault")], "DBLogFileNotFound"),
        (vec![Reply::error(404, "DBInstanceNotFound")], "DBInstanceNotFound"),
        (vec![Reply::error(400, "DBInstanceNotReady")], "DBInstanceNotReady"),
    ] {
        let script = Script::of(replies).await;
        let error = script.reader().log_text("orders-1", &log(1_000)).await.unwrap_err();
        assert!(error.message.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_log_without_end_is_left() {
    let megabyte = "x".repeat(1 << 20);
    let script = Script::new(move |nth, _| portion(&megabyte, &format!("1:{}", nth + 1), true)).await;
    let error = script.reader().log_text("orders-1", &log(1_000)).await.unwrap_err();
    assert!(error.message.contains("longer than 16 MB"), "{error}");
    assert!(error.hint.unwrap().contains("aws rds download-db-log-file-portion"));
    assert_eq!(script.requests().len(), 17);
}
