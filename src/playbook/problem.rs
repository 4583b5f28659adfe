//! What is wrong with a playbook, and where; shown as rustc shows it.

use std::{fmt, ops::Range};

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use super::mask::Masked;
use crate::error::Error;

/// One error of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What was expected and what was seen. Never holds a secret.
    pub message: String,
    /// 1-based; 0 where the file could not be read at all.
    pub line: usize,
    /// 1-based, in characters; 0 where the file could not be read at all.
    pub column: usize,
    /// What to write instead.
    pub hint: Option<String>,
    /// Bytes of the text.
    pub(super) span: Range<usize>,
    /// Another place that explains it.
    pub(super) also: Option<(Range<usize>, String)>,
}

impl Problem {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), line: 0, column: 0, hint: None, span, also: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn also(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.also = Some((span, label.into()));
        self
    }
}

/// Every error of one playbook, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    file: String,
    /// The text with every secret hidden; absent where the file could not be read.
    text: Option<String>,
    list: Vec<Problem>,
}

impl Problems {
    /// `hidden` are the bytes of `text` that must not be shown.
    pub(super) fn new(file: &str, text: &str, mut list: Vec<Problem>, hidden: Vec<Range<usize>>) -> Self {
        let masked = Masked::new(text, hidden);
        list.sort_by_key(|problem| problem.span.start);
        for problem in &mut list {
            (problem.line, problem.column) = place(text, problem.span.start);
            problem.message = masked.censor(text, &problem.span, &problem.message);
            problem.hint = problem.hint.as_deref().map(|hint| masked.censor(text, &problem.span, hint));
            problem.span = masked.range(&problem.span);
            if let Some((span, _)) = &mut problem.also {
                *span = masked.range(span);
            }
        }
        Self { file: file.to_owned(), text: Some(masked.text), list }
    }

    /// The file could not be read.
    pub(super) fn unreadable(file: &str, message: String, hint: &str) -> Self {
        Self { file: file.to_owned(), text: None, list: vec![Problem::new(0..0, message).hint(hint)] }
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// Never empty.
    #[expect(clippy::len_without_is_empty, reason = "without a problem there are no `Problems`")]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Every problem with its line, a caret and a hint, a blank line between two. No newline at the end.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let shown = self.list.iter().map(|problem| self.render_one(&renderer, problem));
        shown.collect::<Vec<_>>().join("\n\n")
    }

    fn render_one(&self, renderer: &Renderer, problem: &Problem) -> String {
        let place: Element<'_> = match &self.text {
            Some(text) => {
                let mut snippet = Snippet::source(text.as_str())
                    .path(self.file.as_str())
                    .annotation(AnnotationKind::Primary.span(problem.span.clone()));
                if let Some((span, label)) = &problem.also {
                    snippet = snippet.annotation(AnnotationKind::Context.span(span.clone()).label(label.as_str()));
                }
                snippet.into()
            }
            None => Origin::path(self.file.as_str()).into(),
        };
        let mut group = Level::ERROR.primary_title(problem.message.as_str()).element(place);
        if let Some(hint) = &problem.hint {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        renderer.render(&[group])
    }

    /// One error for the whole file: what a verb that needs a valid playbook ends with.
    pub fn to_error(&self) -> Error {
        let count = if self.len() == 1 { "1 error".to_owned() } else { format!("{} errors", self.len()) };
        let mut error = Error::usage(format!("the playbook {} has {count}", self.file));
        for problem in &self.list {
            error = error.cause(match problem.line {
                0 => problem.message.clone(),
                line => format!("line {line}, column {}: {}", problem.column, problem.message),
            });
        }
        error.unchanged("nothing was asked or changed outside").hint("`upgrade validate` shows each with its line")
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

impl From<Problems> for Error {
    fn from(problems: Problems) -> Self {
        problems.to_error()
    }
}

/// 1-based line and column of characters.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].trim_start_matches('\u{feff}').chars().count() + 1)
}
