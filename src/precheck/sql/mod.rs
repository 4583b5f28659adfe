//! What SQL text of a MySQL server says, word by word.
//!
//! The one tokenizer for views, stored programs, expressions and partitions, over bytes of any encoding in which ASCII is ASCII.
//! It never fails: what nobody closed runs to the end of the text.

mod lexer;
mod mode;
mod text;
mod token;

#[cfg(test)]
mod tests;

pub(super) use mode::Mode;
pub(super) use text::Text;
pub(super) use token::{Kind, Token};
