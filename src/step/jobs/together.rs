//! What several jobs, each decided for itself, come to.

use crate::step::contract::Next;

/// All of them at rest, or what comes next: what is to be done for several is done at the same time, and waiting comes last.
/// Whatever else there is with a job comes once nothing is left to do for those before it.
pub(in crate::step) fn together<T, Op, Out>(
    each: impl IntoIterator<Item = Result<T, Box<Next<Op, Out>>>>,
) -> Result<Vec<T>, Next<Op, Out>> {
    let (mut rested, mut operations, mut waiting) = (Vec::new(), Vec::new(), None);
    for one in each {
        match one.map_err(|next| *next) {
            Ok(job) => rested.push(job),
            Err(wait @ Next::Wait { .. }) => waiting = Some(wait),
            Err(Next::Do(operation)) => operations.push(operation),
            Err(_) if !operations.is_empty() => break,
            Err(next) => return Err(next),
        }
    }
    match Next::all(operations).or(waiting) {
        Some(next) => Err(next),
        None => Ok(rested),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    type One = Result<u8, Box<Next<char, ()>>>;

    fn act(what: char) -> One {
        Err(Box::new(Next::Do(what)))
    }

    fn wait() -> One {
        Err(Box::new(Next::Wait { awaited: "it".to_owned(), seen: "nothing".to_owned() }))
    }

    fn fail() -> One {
        Err(Box::new(Next::Fail(Error::permanent("no"))))
    }

    #[test]
    fn what_is_to_be_done_is_done_together() {
        assert_eq!(together([Ok(1), Ok(2)]), Ok::<_, Next<char, ()>>(vec![1, 2]));
        assert_eq!(together([act('a'), wait(), act('b'), Ok(1)]), Err(Next::Together(vec!['a', 'b'])));
        assert_eq!(together([wait(), act('a')]), Err(Next::Do('a')));
        assert!(matches!(together([Ok(1), wait()]), Err(Next::Wait { .. })));
    }

    #[test]
    fn one_that_is_stuck_stops_what_comes_after_it_and_nothing_before() {
        assert!(matches!(together([fail(), act('a')]), Err(Next::Fail(_))));
        assert!(matches!(together([wait(), fail()]), Err(Next::Fail(_))));
        assert_eq!(together([act('a'), fail(), act('b')]), Err(Next::Do('a')));
    }
}
