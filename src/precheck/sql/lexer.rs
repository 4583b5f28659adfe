//! Bytes to tokens.

use super::{Kind, Mode, Token};

/// All tokens of `text`, in order and without a gap.
pub(super) fn tokens(text: &[u8], mode: Mode) -> Vec<Token> {
    let mut lexer = Lexer { text, mode, at: 0, in_run_comment: false, after_dot: false };
    let mut tokens = Vec::new();
    while lexer.at < text.len() {
        let start = lexer.at;
        let kind = lexer.next();
        debug_assert!(lexer.at > start, "a token has at least one byte");
        // A dot makes a name of the word that follows it at once, even of one that begins with a digit.
        lexer.after_dot = kind == Kind::Symbol && text[start] == b'.';
        tokens.push(Token { kind, start, end: lexer.at });
    }
    tokens
}

struct Lexer<'a> {
    text: &'a [u8],
    mode: Mode,
    at: usize,
    /// Within a comment whose content the server runs.
    in_run_comment: bool,
    after_dot: bool,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn skip_while(&mut self, holds: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&holds) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Kind {
        let first = self.text[self.at];
        match first {
            _ if is_space(first) => {
                self.skip_while(is_space);
                Kind::Space
            }
            b'#' => self.line_comment(),
            // A dash more and no space is minus minus.
            b'-' if self.peek(1) == Some(b'-') && self.peek(2).is_none_or(|after| is_space(after) || after < 0x20) => {
                self.line_comment()
            }
            b'/' if self.peek(1) == Some(b'*') => self.comment(),
            b'*' if self.in_run_comment && self.peek(1) == Some(b'/') => {
                self.in_run_comment = false;
                self.at += 2;
                Kind::Comment
            }
            b'`' => self.quoted(b'`', false, Kind::Name),
            b'\'' => self.quoted(b'\'', !self.mode.no_backslash_escapes, Kind::String),
            b'"' if self.mode.ansi_quotes => self.quoted(b'"', false, Kind::Name),
            b'"' => self.quoted(b'"', !self.mode.no_backslash_escapes, Kind::String),
            b'@' => self.variable(),
            b'\\' if self.peek(1) == Some(b'N') => {
                self.at += 2;
                Kind::Null
            }
            b'.' if self.peek(1).is_some_and(|after| after.is_ascii_digit()) && !self.follows_a_name() => {
                self.number();
                Kind::Number
            }
            _ if first.is_ascii_digit() && !self.after_dot => self.digits(),
            _ if is_word(first) => {
                self.skip_while(is_word);
                Kind::Word
            }
            _ => {
                self.at += 1;
                Kind::Symbol
            }
        }
    }

    /// Whether a name ends right before this byte: `t.5th` is a column, `t >.5` a number.
    fn follows_a_name(&self) -> bool {
        self.at.checked_sub(1).is_some_and(|before| is_word(self.text[before]) || self.text[before] == b'`')
    }

    fn line_comment(&mut self) -> Kind {
        self.skip_while(|byte| byte != b'\n');
        Kind::Comment
    }

    fn comment(&mut self) -> Kind {
        if self.peek(2) == Some(b'!') && !self.in_run_comment {
            let digits = self.text[self.at + 3..].iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
            // Five digits, or six where a release with two of them in the middle is meant and a space follows.
            let digits = match digits {
                6 if !self.peek(9).is_some_and(is_space) => 5,
                0..=4 => 0,
                digits => digits,
            };
            let named = self.text[self.at + 3..self.at + 3 + digits]
                .iter()
                .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
            if named <= self.mode.version {
                self.in_run_comment = true;
                self.at += 3 + digits;
                return Kind::Comment;
            }
        }
        let inside = &self.text[self.at + 2..];
        let closing = inside.windows(2).position(|pair| pair == b"*/");
        self.at = closing.map_or(self.text.len(), |closing| self.at + 2 + closing + 2);
        Kind::Comment
    }

    fn quoted(&mut self, quote: u8, escapes: bool, kind: Kind) -> Kind {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'\\' && escapes {
                self.at = (self.at + 1).min(self.text.len());
            } else if byte == quote {
                if self.peek(0) != Some(quote) {
                    break;
                }
                self.at += 1;
            }
        }
        kind
    }

    fn variable(&mut self) -> Kind {
        self.at += 1;
        if self.peek(0) == Some(b'@') {
            self.at += 1;
        }
        match self.peek(0) {
            Some(b'`') => self.quoted(b'`', false, Kind::Variable),
            Some(quote @ (b'\'' | b'"')) => self.quoted(quote, !self.mode.no_backslash_escapes, Kind::Variable),
            _ => {
                self.skip_while(|byte| is_word(byte) || byte == b'.');
                Kind::Variable
            }
        }
    }

    /// A number, or a name that begins with digits.
    fn digits(&mut self) -> Kind {
        let start = self.at;
        self.skip_while(is_word);
        let word = &self.text[start..self.at];
        let hexadecimal = word.len() > 2 && word.starts_with(b"0x") && word[2..].iter().all(u8::is_ascii_hexdigit);
        let binary = word.len() > 2 && word.starts_with(b"0b") && word[2..].iter().all(|digit| b"01".contains(digit));
        if hexadecimal || binary {
            return Kind::Number;
        }
        let whole = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if whole < word.len() && !is_exponent(&word[whole..], self.peek(0)) {
            return Kind::Word;
        }
        self.at = start;
        self.number();
        Kind::Number
    }

    fn number(&mut self) {
        self.skip_while(|byte| byte.is_ascii_digit());
        if self.peek(0) == Some(b'.') {
            self.at += 1;
            self.skip_while(|byte| byte.is_ascii_digit());
        }
        let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
        if matches!(self.peek(0), Some(b'e' | b'E')) && self.peek(1 + sign).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1 + sign;
            self.skip_while(|byte| byte.is_ascii_digit());
        }
    }
}

/// `e5`, or `e` with a sign to follow.
fn is_exponent(rest: &[u8], next: Option<u8>) -> bool {
    let Some((b'e' | b'E', digits)) = rest.split_first() else { return false };
    let signed = digits.is_empty() && matches!(next, Some(b'+' | b'-'));
    signed || (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// What a name without quotes may hold; every byte over 127 is part of some letter.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}
