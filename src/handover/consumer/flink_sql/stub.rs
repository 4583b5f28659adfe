use super::Script;
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay { Safe, Unsafe(String) }
impl Script { pub fn replay(&self) -> Replay { Replay::Safe } pub fn stateful(&self) -> Option<String> { None } }
