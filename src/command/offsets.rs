//! `upgrade offsets`: where a Flink CDC job stands, read from its savepoint or checkpoint folder.

use crate::{
    error::Result,
    event::{Body, Observer},
    handover::savepoint,
    port::{clock::Clock, files::FilesRead},
    runner::Tell,
};

pub(super) async fn offsets(
    uri: &str,
    files: &dyn FilesRead,
    clock: &dyn Clock,
    observer: &mut dyn Observer,
) -> Result<u8> {
    let offsets = savepoint::offsets(files, uri).await?;
    let mut tell = Tell::new(observer);
    for offset in offsets {
        tell.event(clock.now(), Body::Offset(offset));
    }
    Ok(0)
}
