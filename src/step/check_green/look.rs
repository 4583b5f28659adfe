//! What blue and green hold, once green has caught up, and what green makes nothing of.

use std::{collections::BTreeSet, time::Duration};

use super::CheckGreen;
use crate::{
    error::{Error, Result},
    port::{
        binlog::Place,
        objects::{Kind, Object, Objects, Unreadable},
    },
    step::{
        contract::{Known, Read},
        create_blue_green, verify_data,
    },
};

/// How long a difference must last where nobody tells how far green is.
const SETTLE: Duration = Duration::from_secs(30);

/// A look.
#[derive(Debug)]
pub enum Observation {
    /// One side has objects alone, and green may not have applied all that blue has logged.
    OnTheWay {
        /// The first of them, and how many there are.
        objects: String,
    },
    Whole(Box<Whole>),
}

/// Both sides at rest.
#[derive(Debug, Default)]
pub struct Whole {
    pub(super) blue: Objects,
    pub(super) green: Objects,
    /// Of green's definitions.
    pub(super) broken: Vec<Unreadable>,
    /// Of the same ones, those of blue.
    pub(super) broken_on_blue: Vec<Unreadable>,
}

#[derive(Debug)]
pub(super) struct Before {
    lone: BTreeSet<Object>,
    at: Duration,
    fence: Option<Place>,
}

pub(super) async fn look(step: &CheckGreen, read: &Read, known: &Known) -> Result<Observation> {
    let created: create_blue_green::Outputs = known.outputs("create_blue_green")?;
    let (at_blue, at_green) = (created.blue.write_address()?, created.green.write_address()?);
    let mysql = read.mysql()?;
    let (one, other) = (mysql.server(at_blue).await?, mysql.server(at_green).await?);
    if one.uuid == other.uuid {
        return Err(Error::drift(format!("{at_blue} and {at_green} lead to one and the same server"))
            .unchanged("Nothing was compared")
            .hint("Find out who has switched over: green is compared with blue before that"));
    }
    let (lone, waited, fence) = {
        let before = step.before.lock().expect("nobody panics while holding this");
        match &*before {
            Some(before) => {
                let waited = read.clock.elapsed().saturating_sub(before.at) >= SETTLE;
                (before.lone.clone(), waited, before.fence.clone())
            }
            None => (BTreeSet::new(), false, None),
        }
    };
    if !lone.is_empty() && !verify_data::applied(read, at_green, fence.as_ref(), waited).await? {
        return Ok(on_the_way(&lone));
    }
    let (blue, green) = (mysql.objects(at_blue).await?, mysql.objects(at_green).await?);
    let now: BTreeSet<Object> = blue.all.symmetric_difference(&green.all).cloned().collect();
    // New ones may be on their way; those that were there before what green has applied since are not.
    if !now.is_subset(&lone) {
        let fence = mysql.log_end(at_blue).await?.map(|end| end.place());
        let found = on_the_way(&now);
        let before = Before { lone: now, at: read.clock.elapsed(), fence };
        *step.before.lock().expect("nobody panics while holding this") = Some(before);
        return Ok(found);
    }
    let connections = usize::try_from(step.settings.connections).unwrap_or(usize::MAX);
    // A table without its rows would tell nothing that is not known by its name.
    let asked: Vec<Object> = green.all.iter().filter(|object| object.kind != Kind::Table).cloned().collect();
    let broken = mysql.unreadable(at_green, &asked, connections).await?;
    let there: Vec<Object> =
        broken.iter().map(|broken| broken.object.clone()).filter(|object| blue.all.contains(object)).collect();
    let broken_on_blue = match there.is_empty() {
        true => Vec::new(),
        false => mysql.unreadable(at_blue, &there, connections).await?,
    };
    Ok(Observation::Whole(Box::new(Whole { blue, green, broken, broken_on_blue })))
}

fn on_the_way(lone: &BTreeSet<Object>) -> Observation {
    let first = lone.first().map(|object| format!("the {} {object}", object.kind)).unwrap_or_default();
    let more = lone.len().saturating_sub(1);
    Observation::OnTheWay { objects: if more == 0 { first } else { format!("{first} and {more} more") } }
}
