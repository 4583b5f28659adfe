//! Events.

use super::super::{form::Form, xml::Xml};
use super::{Wire, page};
use crate::region::action::DescribeEvents;
use crate::region::{ApiError, Event, Page};

impl Wire for DescribeEvents {
    fn read(form: &Form) -> Result<Self, ApiError> {
        Ok(Self {
            source_identifier: form.text("SourceIdentifier"),
            source_type: form.text("SourceType"),
            start_time: form.moment("StartTime")?,
            end_time: form.moment("EndTime")?,
            duration: form.number("Duration")?,
            categories: form.list("EventCategories", "EventCategory"),
            paging: form.paging()?,
        })
    }

    fn write(answer: Page<Event>, xml: &mut Xml) {
        page(xml, "Events", "Event", answer, |xml, event| {
            xml.text("SourceIdentifier", &event.source_id);
            xml.text("SourceType", event.source_type.as_str());
            xml.text("Message", &event.message);
            xml.texts("EventCategories", "EventCategory", &event.categories);
            xml.moment("Date", event.at);
            xml.text("SourceArn", &event.source_arn);
        });
    }
}
