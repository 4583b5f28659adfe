//! MaxRecords and Marker.

use serde::{Deserialize, Serialize};

use super::error::ApiError;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paging {
    /// 20 to 100, 100 if absent.
    pub max_records: Option<u32>,
    /// As the page before gave it.
    pub marker: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Present where more follows.
    pub marker: Option<String>,
}

impl Paging {
    pub(super) fn of<T>(&self, all: Vec<T>) -> Result<Page<T>, ApiError> {
        let most = self.max_records.unwrap_or(100);
        if !(20..=100).contains(&most) {
            return Err(ApiError::invalid_value(format!(
                "Invalid value {most} for MaxRecords. Must be between 20 and 100"
            )));
        }
        let start = match self.marker.as_deref() {
            None | Some("") => 0,
            Some(marker) => marker
                .strip_prefix("after-")
                .and_then(|count| count.parse::<usize>().ok())
                .filter(|count| *count <= all.len())
                .ok_or_else(|| ApiError::invalid_value("The request marker is not valid."))?,
        };
        let end = all.len().min(start + most as usize);
        let marker = (end < all.len()).then(|| format!("after-{end}"));
        Ok(Page { items: all.into_iter().skip(start).take(end - start).collect(), marker })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_to_the_whole() {
        let mut paging = Paging { max_records: Some(20), marker: None };
        let mut seen = Vec::new();
        loop {
            let page = paging.of((0..45).collect()).unwrap();
            seen.extend(page.items);
            paging.marker = page.marker;
            if paging.marker.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..45).collect::<Vec<_>>());
        assert!(Paging { max_records: Some(5), marker: None }.of(vec![1]).is_err());
        assert!(Paging { max_records: None, marker: Some("x".into()) }.of(vec![1]).is_err());
    }
}
