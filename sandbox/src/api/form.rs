//! The members of a request, flat as the query protocol sends them.

use std::collections::BTreeMap;

use crate::region::action::Filter;
use crate::region::{ApiError, Millis, Paging, Tags};

/// `Tags.Tag.1.Key` → value.
#[derive(Debug, Clone, Default)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) fn new(members: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(members.into_iter().collect())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    pub(super) fn need(&self, name: &str) -> Result<String, ApiError> {
        self.text(name).ok_or_else(|| {
            ApiError::new("MissingParameter", 400, format!("The request must contain the parameter {name}"))
        })
    }

    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        self.text(name).map(|text| text.parse().map_err(|_| malformed(name, &text))).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.text(name)
            .map(|text| match text.to_ascii_lowercase().as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(malformed(name, &text)),
            })
            .transpose()
    }

    pub(super) fn moment(&self, name: &str) -> Result<Option<Millis>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let parsed = time::OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339);
        let moment = parsed.ok().and_then(|at| Millis::try_from(at.unix_timestamp_nanos() / 1_000_000).ok());
        moment.map(Some).ok_or_else(|| malformed(name, &text))
    }

    /// `LIST.ITEM.1`, `LIST.ITEM.2`, …
    pub(super) fn list(&self, list: &str, item: &str) -> Vec<String> {
        (1..).map_while(|nth| self.0.get(&format!("{list}.{item}.{nth}")).cloned()).collect()
    }

    /// The structures of a list, each read by its prefix `LIST.ITEM.1.`.
    pub(super) fn structures<T>(&self, list: &str, item: &str, read: impl Fn(&Self, &str) -> T) -> Vec<T> {
        let prefixes = (1..).map(|nth| format!("{list}.{item}.{nth}."));
        let held = prefixes.take_while(|prefix| {
            self.0.range(prefix.clone()..).next().is_some_and(|(name, _)| name.starts_with(prefix))
        });
        held.map(|prefix| read(self, &prefix)).collect()
    }

    pub(super) fn tags(&self) -> Tags {
        let pairs = self.structures("Tags", "Tag", |form, prefix| {
            (form.text(&format!("{prefix}Key")), form.text(&format!("{prefix}Value")))
        });
        pairs.into_iter().filter_map(|(key, value)| Some((key?, value.unwrap_or_default()))).collect()
    }

    pub(super) fn filters(&self) -> Vec<Filter> {
        self.structures("Filters", "Filter", |form, prefix| Filter {
            name: form.text(&format!("{prefix}Name")).unwrap_or_default(),
            values: form.list(&format!("{prefix}Values"), "Value"),
        })
    }

    pub(super) fn paging(&self) -> Result<Paging, ApiError> {
        Ok(Paging { max_records: self.number("MaxRecords")?, marker: self.text("Marker") })
    }
}

fn malformed(name: &str, text: &str) -> ApiError {
    ApiError::new("MalformedInput", 400, format!("The parameter {name} can't be read: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(members: &[(&str, &str)]) -> Form {
        Form::new(members.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn lists_and_structures_are_read_by_number() {
        let form = form(&[
            ("Tags.Tag.1.Key", "a"),
            ("Tags.Tag.1.Value", "1"),
            ("Tags.Tag.2.Key", "b"),
            ("Filters.Filter.1.Name", "source"),
            ("Filters.Filter.1.Values.Value.1", "x"),
            ("Filters.Filter.1.Values.Value.2", "y"),
        ]);
        assert_eq!(form.tags(), Tags::from([("a".into(), "1".into()), ("b".into(), String::new())]));
        assert_eq!(form.filters(), [Filter { name: "source".into(), values: vec!["x".into(), "y".into()] }]);
    }

    #[test]
    fn moments_are_rfc_3339() {
        let form = form(&[("StartTime", "2026-11-21T10:00:00.5Z"), ("EndTime", "soon")]);
        assert_eq!(form.moment("StartTime").unwrap(), Some(1_795_255_200_500));
        assert!(form.moment("EndTime").is_err());
    }
}
