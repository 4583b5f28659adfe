//! When each step ran, as bars in the user units of an SVG of width 1000.

use serde::Serialize;

use super::story::{Step, Story};

const NAMES: i64 = 240;
const WIDTH: i64 = 1000;
const ROW: i64 = 24;
const LEAST: i64 = 3;

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Timeline {
    pub(super) width: i64,
    pub(super) height: i64,
    pub(super) bars: Vec<Bar>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) word: &'static str,
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) width: i64,
    /// Base line of the name.
    pub(super) text_y: i64,
}

/// The steps that ran, each from its first begin to its end; none where no time passed.
pub(super) fn of(story: &Story) -> Option<Timeline> {
    let ran = story.steps.iter().filter(|step| step.began.is_some()).collect::<Vec<_>>();
    let first = ran.iter().filter_map(|step| step.began).min()?;
    let last = ran.iter().filter_map(|step| step.ended).chain(story.last).max()?;
    let span = (last - first).whole_milliseconds();
    if span <= 0 {
        return None;
    }
    let at = |moment: time::OffsetDateTime| {
        let room = i128::from(WIDTH - NAMES - LEAST);
        let along = (moment - first).whole_milliseconds().clamp(0, span) * room / span;
        NAMES + i64::try_from(along).unwrap_or_default()
    };
    let bar = |(row, step): (usize, &&Step)| {
        let from = at(step.began.unwrap_or(first));
        let to = at(step.ended.unwrap_or(last));
        let y = ROW * i64::try_from(row).unwrap_or_default();
        Bar {
            name: step.id.clone(),
            word: step.word(),
            x: from,
            y: y + 5,
            width: (to - from).max(LEAST),
            text_y: y + 17,
        }
    };
    let bars = ran.iter().enumerate().map(bar).collect::<Vec<_>>();
    let height = ROW * i64::try_from(bars.len()).unwrap_or_default();
    Some(Timeline { width: WIDTH, height, bars })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use time::{Duration, OffsetDateTime, macros::datetime};

    use super::*;

    const START: OffsetDateTime = datetime!(2026-03-02 08:00 UTC);

    fn step(began: Option<i64>, ended: Option<i64>) -> Step {
        let at = |seconds| START + Duration::seconds(seconds);
        Step {
            id: "s".to_owned(),
            kind: "s".to_owned(),
            began: began.map(at),
            ended: ended.map(at),
            outcome: None,
            reason: None,
            outputs: Value::Null,
            elapsed: 0.0,
            attempts: 0,
            awaited: None,
            operations: Vec::new(),
        }
    }

    #[test]
    fn bars_stay_within_the_picture_and_follow_the_clock() {
        let steps =
            vec![step(Some(0), Some(50)), step(None, None), step(Some(50), Some(100)), step(Some(100), Some(100))];
        let line = of(&Story { steps, ..Story::default() }).unwrap();
        let bars = line.bars.iter().map(|bar| (bar.x, bar.width)).collect::<Vec<_>>();
        assert_eq!(bars, [(240, 378), (618, 379), (997, 3)]);
        assert_eq!(line.height, 72);
    }

    #[test]
    fn a_clock_that_went_back_breaks_nothing() {
        let line = of(&Story { steps: vec![step(Some(0), Some(-50)), step(Some(10), Some(20))], ..Story::default() });
        assert!(line.unwrap().bars.iter().all(|bar| bar.x >= NAMES && bar.x + bar.width <= WIDTH));
    }

    #[test]
    fn no_time_no_picture() {
        assert_eq!(of(&Story { steps: vec![step(Some(0), Some(0))], ..Story::default() }), None);
        assert_eq!(of(&Story::default()), None);
    }
}
