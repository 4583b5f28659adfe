//! XML as the query protocol answers it.

use quick_xml::escape::escape;

use crate::region::{Millis, Tags};

/// A document in the making.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    pub(super) fn text(&mut self, name: &str, value: impl std::fmt::Display) {
        let value = value.to_string();
        self.0.push_str(&format!("<{name}>{}</{name}>", escape(&value)));
    }

    pub(super) fn maybe(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(super) fn element(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.0.push_str(&format!("<{name}>"));
        fill(self);
        self.0.push_str(&format!("</{name}>"));
    }

    /// `<LIST><ITEM>…</ITEM>…</LIST>`.
    pub(super) fn list<T>(
        &mut self,
        list: &str,
        item: &str,
        values: impl IntoIterator<Item = T>,
        fill: impl Fn(&mut Self, T),
    ) {
        self.element(list, |xml| {
            for value in values {
                xml.element(item, |xml| fill(xml, value));
            }
        });
    }

    /// A list of plain texts.
    pub(super) fn texts<T: std::fmt::Display>(&mut self, list: &str, item: &str, values: impl IntoIterator<Item = T>) {
        self.element(list, |xml| values.into_iter().for_each(|value| xml.text(item, value)));
    }

    pub(super) fn moment(&mut self, name: &str, at: Millis) {
        let moment = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000);
        let text = moment.ok().and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok());
        self.maybe(name, text);
    }

    pub(super) fn tags(&mut self, tags: &Tags) {
        self.list("TagList", "Tag", tags, |xml, (key, value)| {
            xml.text("Key", key);
            xml.text("Value", value);
        });
    }

    /// The answer to an action, with this inside its result.
    pub(super) fn answer(action: &str, request_id: &str, result: Self) -> String {
        format!(
            "<{action}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{action}Result>{}</{action}Result>\
             <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>",
            result.0
        )
    }

    pub(super) fn error(code: &str, message: &str, sender: bool, request_id: &str) -> String {
        let mut xml = Self::default();
        xml.element("Error", |xml| {
            xml.text("Type", if sender { "Sender" } else { "Receiver" });
            xml.text("Code", code);
            xml.text("Message", message);
        });
        xml.text("RequestId", request_id);
        format!("<ErrorResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\">{}</ErrorResponse>", xml.0)
    }
}
