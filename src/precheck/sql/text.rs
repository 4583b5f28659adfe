//! A text and what its tokens say.

use super::{Kind, Mode, Token, lexer};

/// A text with the tokens that the server's parser sees; an index below is one into these.
#[derive(Debug, Clone)]
pub struct Text<'a> {
    bytes: &'a [u8],
    mode: Mode,
    code: Vec<Token>,
}

impl<'a> Text<'a> {
    pub fn new(bytes: &'a [u8], mode: Mode) -> Self {
        let code = lexer::tokens(bytes, mode).into_iter().filter(|token| token.kind.counts()).collect();
        Self { bytes, mode, code }
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    pub fn len(&self) -> usize {
        self.code.len()
    }

    pub fn kind(&self, at: usize) -> Option<Kind> {
        self.code.get(at).map(|token| token.kind)
    }

    /// As it is written.
    pub fn bytes(&self, at: usize) -> &'a [u8] {
        self.code.get(at).map_or(&[], |token| &self.bytes[token.start..token.end])
    }

    /// A keyword or name without quotes, in upper case; empty where this is something else.
    pub fn word(&self, at: usize) -> String {
        match self.kind(at) {
            Some(Kind::Word) => String::from_utf8_lossy(self.bytes(at)).to_ascii_uppercase(),
            _ => String::new(),
        }
    }

    pub fn is_word(&self, at: usize, word: &str) -> bool {
        self.kind(at) == Some(Kind::Word) && self.bytes(at).eq_ignore_ascii_case(word.as_bytes())
    }

    /// Whether these words, or symbols of one byte, stand here one after the other.
    pub fn stands(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| match word.as_bytes() {
            [symbol] if !symbol.is_ascii_alphanumeric() => self.is_symbol(at + offset, *symbol),
            _ => self.is_word(at + offset, word),
        })
    }

    pub fn is_symbol(&self, at: usize, symbol: u8) -> bool {
        self.kind(at) == Some(Kind::Symbol) && self.bytes(at) == [symbol]
    }

    /// What a name means: without its quotes, each doubled one once. `None` where this is neither word nor name.
    pub fn name(&self, at: usize) -> Option<String> {
        let written = self.bytes(at);
        match self.kind(at)? {
            Kind::Word => Some(String::from_utf8_lossy(written).into_owned()),
            Kind::Name => {
                let quote = [written[0]];
                let quote = String::from_utf8_lossy(&quote).into_owned();
                let inside = written.get(1..written.len().max(2) - 1).unwrap_or_default();
                Some(String::from_utf8_lossy(inside).replace(&quote.repeat(2), &quote))
            }
            _ => None,
        }
    }

    /// What a string means; `None` where this is none.
    pub fn string(&self, at: usize) -> Option<Vec<u8>> {
        if self.kind(at)? != Kind::String {
            return None;
        }
        let (quote, rest) = self.bytes(at).split_first()?;
        let inside = rest.strip_suffix(&[*quote]).unwrap_or(rest);
        let mut meant = Vec::with_capacity(inside.len());
        let mut bytes = inside.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' if !self.mode.no_backslash_escapes => match bytes.next() {
                    Some(b'n' | b'r' | b't') => meant.push(b' '),
                    escaped => meant.extend(escaped),
                },
                _ if byte == *quote => {
                    let _ = bytes.next_if_eq(quote);
                    meant.push(byte);
                }
                _ => meant.push(byte),
            }
        }
        Some(meant)
    }

    /// Whether nothing stands between this token and the one before it.
    pub fn touches_previous(&self, at: usize) -> bool {
        at > 0 && at < self.code.len() && self.code[at - 1].end == self.code[at].start
    }

    /// Whether a dot right before this token makes it part of a longer name.
    pub fn is_qualified(&self, at: usize) -> bool {
        at > 0 && self.is_symbol(at - 1, b'.') && self.touches_previous(at)
    }

    /// Whether a string or name at the end is not closed: the text has been cut, or is read with another `sql_mode` than it was written.
    pub fn is_cut(&self) -> bool {
        let Some(last) = self.code.last().filter(|last| matches!(last.kind, Kind::String | Kind::Name)) else {
            return false;
        };
        let Some((quote, inside)) = self.bytes[last.start..last.end].split_first() else { return false };
        let escapes = last.kind == Kind::String && !self.mode.no_backslash_escapes;
        let mut open = true;
        let mut bytes = inside.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' if escapes => drop(bytes.next()),
                _ if byte == quote => open = !open,
                _ => {}
            }
        }
        open
    }

    /// Which line of the text it stands on, the first being 1.
    pub fn line(&self, at: usize) -> usize {
        let end = self.code.get(at).map_or(self.bytes.len(), |token| token.start);
        1 + self.bytes[..end].iter().filter(|byte| **byte == b'\n').count()
    }
}
