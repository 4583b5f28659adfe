//! One token.

/// A piece of the text: bytes `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Space,
    /// A comment, or one of the marks of a comment whose content the server runs: `/*!50700` and its `*/`.
    Comment,
    /// A keyword or a name without quotes.
    Word,
    /// A name in back-ticks, or in double quotes under `ANSI_QUOTES`.
    Name,
    /// With its quotes; what introduces it (`_utf8`, `N`, `x`) is a token before it.
    String,
    Number,
    /// `@name`, `@'name'`, `@@global`: what follows a dot is on its own.
    Variable,
    /// `\N`
    Null,
    /// One byte of anything else.
    Symbol,
}

impl Kind {
    /// Whether the server's parser sees it.
    pub(super) fn counts(self) -> bool {
        !matches!(self, Self::Space | Self::Comment)
    }
}
