//! Sets of GTIDs as MySQL writes them: `uuid:1-5:7,uuid:tag:3`.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A set of GTIDs. Two that hold the same are equal, however they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct GtidSet {
    /// By source: `(first, last)`, both in it, in order and with gaps between them; never empty.
    sources: BTreeMap<Source, Vec<(u64, u64)>>,
}

/// A server's UUID in small letters, and the tag (MySQL 8.3 and later), which is empty for most.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Source {
    uuid: String,
    tag: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Expected a GTID set such as 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7, saw {0}")]
pub struct Malformed(String);

/// Numbers end before this one, as they do for the server.
const LAST: u64 = i64::MAX as u64 - 1;

impl GtidSet {
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Every server that wrote something in it.
    pub fn uuids(&self) -> impl Iterator<Item = &str> {
        let mut last = None;
        self.sources.keys().map(|source| source.uuid.as_str()).filter(move |uuid| last.replace(*uuid) != Some(*uuid))
    }

    /// What of it the given servers wrote.
    #[must_use]
    pub fn of(&self, uuids: &[String]) -> Self {
        let is_one = |source: &Source| uuids.iter().any(|uuid| uuid.eq_ignore_ascii_case(&source.uuid));
        let sources = self.sources.iter().filter(|(source, _)| is_one(source));
        Self { sources: sources.map(|(source, intervals)| (source.clone(), intervals.clone())).collect() }
    }

    /// # Errors
    ///
    /// Where `gtid` is no single GTID.
    pub fn add(&mut self, gtid: &str) -> Result<(), Malformed> {
        let one: Self = gtid.parse()?;
        self.extend(&one);
        Ok(())
    }

    pub fn extend(&mut self, other: &Self) {
        for (source, intervals) in &other.sources {
            let all = self.sources.entry(source.clone()).or_default();
            // What comes one by one comes in order, mostly.
            if let (Some(last), [(first, end)]) = (all.last_mut(), intervals.as_slice())
                && last.1 + 1 == *first
            {
                last.1 = *end;
                continue;
            }
            all.extend(intervals);
            merge(all);
        }
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.extend(other);
        all
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let mut sources = BTreeMap::new();
        for (source, intervals) in &self.sources {
            let left = match other.sources.get(source) {
                None => intervals.clone(),
                Some(gone) => without(intervals, gone),
            };
            if !left.is_empty() {
                sources.insert(source.clone(), left);
            }
        }
        Self { sources }
    }

    pub fn is_subset(&self, of: &Self) -> bool {
        self.subtract(of).is_empty()
    }

    /// Whether both have one in common.
    pub fn intersects(&self, other: &Self) -> bool {
        self.subtract(other) != *self
    }

    pub fn contains(&self, gtid: &str) -> bool {
        gtid.parse::<Self>().is_ok_and(|one| !one.is_empty() && one.is_subset(self))
    }

    /// The first number of that server in it, without regard to those with tags.
    pub(super) fn first_of(&self, uuid: &str) -> Option<u64> {
        let firsts = self.sources.iter().filter(|(source, _)| source.uuid == uuid && source.tag.is_empty());
        firsts.filter_map(|(_, intervals)| intervals.first()).map(|(first, _)| *first).min()
    }
}

/// In order, and what touches or overlaps made one.
fn merge(intervals: &mut Vec<(u64, u64)>) {
    intervals.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::with_capacity(intervals.len());
    for (first, last) in intervals.drain(..) {
        match merged.last_mut() {
            Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    *intervals = merged;
}

fn without(intervals: &[(u64, u64)], gone: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut left = Vec::new();
    let mut gone = gone.iter().peekable();
    for &(first, last) in intervals {
        let mut first = first;
        while let Some(&&(begin, end)) = gone.peek() {
            if end < first {
                gone.next();
                continue;
            }
            if begin > last {
                break;
            }
            if begin > first {
                left.push((first, begin - 1));
            }
            first = end + 1;
            if first > last {
                break;
            }
            gone.next();
        }
        if first <= last {
            left.push((first, last));
        }
    }
    left
}

impl FromStr for GtidSet {
    type Err = Malformed;

    /// Line breaks and blanks may stand between the parts, as in what the server prints.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut set = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let malformed = || Malformed(part.to_owned());
            let mut parts = part.split(':').map(str::trim);
            let uuid = parts.next().map(uuid).ok_or_else(malformed)?.ok_or_else(malformed)?;
            let mut source = Source { uuid, tag: String::new() };
            let mut any = false;
            for piece in parts {
                if piece.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_') {
                    source.tag = tag(piece).ok_or_else(malformed)?;
                    continue;
                }
                let interval = interval(piece).ok_or_else(malformed)?;
                set.sources.entry(source.clone()).or_default().push(interval);
                any = true;
            }
            if !any {
                return Err(malformed());
            }
        }
        set.sources.values_mut().for_each(merge);
        Ok(set)
    }
}

fn uuid(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|letter| *letter != '-').collect();
    let is_one = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let dashed = text.len() == 36 && [8, 13, 18, 23].iter().all(|at| text.as_bytes()[*at] == b'-');
    (is_one && dashed).then(|| text.to_ascii_lowercase())
}

fn tag(text: &str) -> Option<String> {
    let fits = text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    fits.then(|| text.to_ascii_lowercase())
}

fn interval(text: &str) -> Option<(u64, u64)> {
    let number = |text: &str| {
        let text = text.trim();
        let number: u64 = text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok())??;
        (1..=LAST).contains(&number).then_some(number)
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(text)?, number(text)?),
    };
    (first <= last).then_some((first, last))
}

impl fmt::Display for GtidSet {
    /// As the server writes it, but on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last: Option<&str> = None;
        for (source, intervals) in &self.sources {
            match last {
                Some(uuid) if uuid == source.uuid => {}
                Some(_) => write!(f, ",{}", source.uuid)?,
                None => f.write_str(&source.uuid)?,
            }
            last = Some(&source.uuid);
            if !source.tag.is_empty() {
                write!(f, ":{}", source.tag)?;
            }
            for (first, last) in intervals {
                if first == last { write!(f, ":{first}")? } else { write!(f, ":{first}-{last}")? }
            }
        }
        Ok(())
    }
}

impl From<GtidSet> for String {
    fn from(set: GtidSet) -> Self {
        set.to_string()
    }
}

impl TryFrom<String> for GtidSet {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const UUIDS: [&str; 3] = [
        "11111111-1111-1111-1111-111111111111",
        "22222222-2222-2222-2222-222222222222",
        "3e11fa47-71ca-11e1-9e33-c80aa9429562",
    ];

    fn set(text: &str) -> GtidSet {
        text.parse().unwrap()
    }

    #[test]
    fn reads_and_writes_as_the_server_does() {
        let upper = UUIDS[2].to_uppercase();
        let read = set(&format!("{upper}:7:1-3:4-5,\n{}:9 ,", UUIDS[0]));
        assert_eq!(read.to_string(), format!("{}:9,{}:1-5:7", UUIDS[0], UUIDS[2]));
        assert_eq!(set("").to_string(), "");
        let tagged = format!("{}:1-5:blue:3-4:green:1", UUIDS[0]);
        assert_eq!(set(&tagged).to_string(), tagged);
        assert!(set(&tagged).contains(&format!("{}:blue:3", UUIDS[0])));
        assert!(!set(&tagged).contains(&format!("{}:green:3", UUIDS[0])));
        for wrong in ["x", "x:1", ":1", UUIDS[0], &format!("{}:", UUIDS[0])] {
            assert!(wrong.parse::<GtidSet>().is_err(), "{wrong}");
        }
        for wrong in ["0", "5-3", "a-b", "1-", "-1", "9223372036854775807", "+1", "1-2-3", "tag"] {
            assert!(format!("{}:{wrong}", UUIDS[0]).parse::<GtidSet>().is_err(), "{wrong}");
        }
    }

    type Model = BTreeSet<(usize, u64)>;

    fn model() -> impl Strategy<Value = Model> {
        prop::collection::btree_set((0_usize..3, 1_u64..20), 0..40)
    }

    fn real(model: &Model) -> GtidSet {
        let mut set = GtidSet::default();
        for (uuid, number) in model {
            set.add(&format!("{}:{number}", UUIDS[*uuid])).unwrap();
        }
        set
    }

    proptest! {
        #[test]
        fn is_the_algebra_of_sets(a in model(), b in model()) {
            let (x, y) = (real(&a), real(&b));
            prop_assert_eq!(x.union(&y), real(&a.union(&b).copied().collect()));
            prop_assert_eq!(x.subtract(&y), real(&a.difference(&b).copied().collect()));
            prop_assert_eq!(x.is_subset(&y), a.is_subset(&b));
            prop_assert_eq!(x.intersects(&y), !a.is_disjoint(&b));
            prop_assert_eq!(set(&x.to_string()), x.clone());
            for (uuid, number) in &b {
                prop_assert_eq!(x.contains(&format!("{}:{number}", UUIDS[*uuid])), a.contains(&(*uuid, *number)));
            }
        }

        #[test]
        fn order_of_adding_does_not_matter(mut numbers in prop::collection::vec((0_usize..3, 1_u64..20), 0..40)) {
            let add = |numbers: &[(usize, u64)]| {
                let mut set = GtidSet::default();
                numbers.iter().for_each(|(uuid, number)| set.add(&format!("{}:{number}", UUIDS[*uuid])).unwrap());
                set
            };
            let forward = add(&numbers);
            numbers.reverse();
            prop_assert_eq!(add(&numbers), forward);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let _ = text.parse::<GtidSet>();
        }
    }
}
