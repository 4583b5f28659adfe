//! Log files.

use super::super::{form::Form, xml::Xml};
use super::Wire;
use crate::region::ApiError;
use crate::region::action::{DescribeDBLogFiles, DownloadDBLogFilePortion, LogFile, LogPortion};

impl Wire for DescribeDBLogFiles {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self { instance: form.need("DBInstanceIdentifier")?, contains: form.text("FilenameContains") })
    }

    fn write(answer: Vec<LogFile>, xml: &mut Xml) {
        xml.list("DescribeDBLogFiles", "DescribeDBLogFilesDetails", &answer, |xml, file| {
            xml.text("LogFileName", &file.name);
            xml.text("LastWritten", file.written_at);
            xml.text("Size", file.text.len());
        });
    }
}

impl Wire for DownloadDBLogFilePortion {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self {
            instance: form.need("DBInstanceIdentifier")?,
            file: form.need("LogFileName")?,
            marker: form.text("Marker"),
            lines: form.number("NumberOfLines")?,
        })
    }

    fn write(answer: LogPortion, xml: &mut Xml) {
        xml.text("LogFileData", &answer.text);
        xml.text("Marker", &answer.marker);
        xml.text("AdditionalDataPending", answer.more);
    }
}
