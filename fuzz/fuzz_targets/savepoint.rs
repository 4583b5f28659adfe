//! A `_metadata` of any bytes is a named error or offsets that name a place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use upgrade::{event::Phase, handover::savepoint};

fuzz_target!(|data: &[u8]| {
    for offset in savepoint::parse(data).unwrap_or_default() {
        let place = !offset.file.is_empty() && offset.position >= 4;
        assert!(place || offset.gtid_set.is_some() || offset.phase == Phase::Snapshot, "{offset:?}");
    }
});
