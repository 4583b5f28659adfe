//! `upgrade explain`: what a check is about; without a name, all checks there are.

use crate::{
    error::{Error, Result},
    event::{Body, Observer},
    port::clock::Clock,
    precheck::{self, Check, From, Holds},
    runner::Tell,
};

pub(super) fn explain(id: Option<&str>, clock: &dyn Clock, observer: &mut dyn Observer) -> Result<u8> {
    let chosen: Vec<&Check> = match id {
        None => precheck::all().collect(),
        Some(id) => vec![
            precheck::named(id)
                .ok_or_else(|| Error::usage(format!("There is no check `{id}`")).hint("All ids: upgrade explain"))?,
        ],
    };
    let mut tell = Tell::new(observer);
    for check in chosen {
        tell.event(clock.now(), Body::Check(told(check)));
    }
    Ok(0)
}

fn told(check: &Check) -> crate::event::Check {
    crate::event::Check {
        check: check.id.to_owned(),
        from: match check.from {
            From::MysqlShell => "mysql_shell",
            From::Aurora => "aurora",
            From::Ours => "upgrade",
        }
        .to_owned(),
        level: check.level,
        consequence: check.consequence,
        title: check.title.to_owned(),
        about: check.about.to_owned(),
        upgrades: match check.holds {
            Holds::Always => "all".to_owned(),
            Holds::Crossing(release) => format!("from before {release} to {release} or later"),
            Holds::Between(release, before) => format!("from before {release} to {release} or later, before {before}"),
        },
        link: check.link.map(str::to_owned),
    }
}
