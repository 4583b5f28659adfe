//! Log files.

use super::super::{form::Form, xml::Xml};
use super::{Wire, page};
use crate::region::action::{DescribeDBLogFiles, DownloadDBLogFilePortion, LogFile, LogPortion};
use crate::region::{ApiError, Page};

impl Wire for DescribeDBLogFiles {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self {
            instance: form.need("DBInstanceIdentifier")?,
            contains: form.text("FilenameContains"),
            paging: form.paging()?,
        })
    }

    fn write(answer: Page<LogFile>, xml: &mut Xml) {
        page(xml, "DescribeDBLogFiles", "DescribeDBLogFilesDetails", answer, |xml, file| {
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
