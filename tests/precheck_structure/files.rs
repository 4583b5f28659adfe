//! What no SQL does to a data directory: a crash, a copy by hand, a server of old.

use std::{fs, path::Path};

/// The definition of one table put in the place of another's.
pub fn swap(data: &Path, from: &str, to: &str) {
    fs::copy(data.join(format!("shop/{from}.frm")), data.join(format!("shop/{to}.frm"))).unwrap();
}

/// A MyISAM table of `shop` under another file name.
pub fn copy_myisam(data: &Path, from: &str, to: &str) {
    for kind in ["frm", "MYD", "MYI"] {
        fs::copy(data.join(format!("shop/{from}.{kind}")), data.join(format!("shop/{to}.{kind}"))).unwrap();
    }
}

/// Bytes of a definition replaced, at their last mention, by others of the same number.
pub fn edit(data: &Path, table: &str, from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let path = data.join(format!("shop/{table}.frm"));
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(from.len()).rposition(|window| window == from).expect("it is there");
    bytes[at..at + to.len()].copy_from_slice(to);
    fs::write(path, bytes).unwrap();
}

/// The type of the last column of a definition, which has no character set: TIMESTAMP and TIME as 5.5 had them.
pub fn age(data: &Path, table: &str, new: u8, old: u8) {
    edit(data, table, &[new, 8, 0, 0, 0xFF], &[old, 8, 0, 0, 0xFF]);
}
