//! Ending a sandbox, also one whose serving process was killed.

use std::path::Path;
use std::time::Duration;

use crate::error::Result;
use crate::place::{Place, read_json};
use crate::process::{Identity, end_all};

/// Ends exactly what the folder's sandbox started and removes its files. False when there was nothing to end.
pub async fn down(folder: &Path) -> Result<bool> {
    if !folder.is_dir() {
        return Ok(false);
    }
    let place = Place::at(folder)?;
    let was_there = place.serving().exists();
    end_serving(&place).await?;
    place.clear()?;
    Ok(was_there)
}

/// The serving process first, so that it cannot start anything new; then what is left of its children.
pub(super) async fn end_serving(place: &Place) -> Result<()> {
    if let Some(serving) = read_json::<Identity>(&place.serving())? {
        serving.end(Duration::from_secs(30)).await?;
    }
    end_all(&place.processes()).await
}
