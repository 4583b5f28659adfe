//! Log files of instances. A portion is 1 MB or 10,000 lines; asked for without a marker it is the end of the file.

use super::{
    connection::Connection,
    failure::{Call, Failure},
};
use crate::{
    error::{Error, Result},
    port::rds::{InstanceLog, LONGEST_LOG, LogText},
};

/// The beginning of a file.
const BEGIN: &str = "0";
const PER_PAGE: i32 = 100;

pub(super) async fn list(connection: &Connection, instance: &str, containing: &str) -> Result<Vec<InstanceLog>> {
    let found = connection.pages(
        Call { action: "DescribeDBLogFiles", subject: instance },
        |client, wire, marker| {
            let request = client.describe_db_log_files().db_instance_identifier(instance);
            let request = request.filename_contains(containing).set_marker(marker).max_records(PER_PAGE);
            request.customize().interceptor(wire).send()
        },
        |page| (page.describe_db_log_files.unwrap_or_default(), page.marker),
    );
    let mut logs: Vec<InstanceLog> = found
        .await?
        .into_iter()
        .filter_map(|log| {
            let size = u64::try_from(log.size.unwrap_or_default()).unwrap_or_default();
            Some(InstanceLog { name: log.log_file_name?, size, written_at: log.last_written.unwrap_or_default() })
        })
        .collect();
    logs.sort_by_key(|log| std::cmp::Reverse(log.written_at));
    Ok(logs)
}

pub(super) async fn text(connection: &Connection, instance: &str, log: &InstanceLog) -> Result<LogText> {
    let subject = format!("{} of {instance}", log.name);
    let call = Call { action: "DownloadDBLogFilePortion", subject: &subject };
    let mut text = String::new();
    let mut marker = BEGIN.to_owned();
    loop {
        let portion = connection
            .read(call, |client, wire| {
                let request = client.download_db_log_file_portion().db_instance_identifier(instance);
                request.log_file_name(&log.name).marker(&marker).customize().interceptor(wire).send()
            })
            .await?;
        text.push_str(portion.log_file_data.as_deref().unwrap_or_default());
        let read = text.len() as u64;
        if read > LONGEST_LOG {
            return Err(Error::permanent(format!(
                "The log {subject} is longer than {} MB, which is the most that is read",
                LONGEST_LOG >> 20
            ))
            .hint(format!(
                "Fetch it with: aws rds download-db-log-file-portion --db-instance-identifier {instance} --log-file-name {} --starting-token 0 --output text",
                log.name
            )));
        }
        // The last portion has a marker too.
        if !portion.additional_data_pending.unwrap_or_default() {
            return Ok(LogText { short_by: log.size.saturating_sub(read), text });
        }
        match portion.marker {
            Some(next) if next != marker && !next.is_empty() => marker = next,
            _ => return Err(Failure::endless(call, &marker).into()),
        }
    }
}
