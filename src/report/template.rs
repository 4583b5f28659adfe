//! The templates of pages, and the only place of reports that knows the template engine.

use std::{borrow::Cow, io};

use serde::Serialize;
use tera::{Context, Tera};

use super::printable::printable;

/// A page's template and how text from outside is escaped in it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Template {
    Html,
    Markdown,
}

impl Template {
    /// The page. Every value is escaped by the engine; templates opt nothing out but what `fenced` made.
    pub(super) fn render(self, page: &impl Serialize) -> String {
        let (name, source) = match self {
            Self::Html => ("run.html", include_str!("../../templates/report/run.html")),
            Self::Markdown => ("run.md", include_str!("../../templates/report/run.md")),
        };
        let mut tera = Tera::new();
        tera.autoescape_on(vec![".html", ".md"]);
        match self {
            Self::Html => tera.set_escape_fn(html),
            Self::Markdown => tera.set_escape_fn(markdown),
        }
        tera.add_raw_template(name, source).expect("a shipped template is well formed");
        let context = Context::from_serialize(page).expect("a page is a struct of text, numbers and lists");
        tera.render(name, &context).expect("a shipped template names only what a page has")
    }
}

fn html(text: &str, out: &mut dyn io::Write) -> io::Result<()> {
    tera::escape_html(&printable(text), out)
}

/// Text within a paragraph, a list item or a table cell: nothing in it is markup, and it stays on its line.
fn markdown(text: &str, out: &mut dyn io::Write) -> io::Result<()> {
    let text = printable(text);
    for (at, char) in text.char_indices() {
        match char {
            '\n' => out.write_all(b" ")?,
            '&' => out.write_all(b"&amp;")?,
            '<' => out.write_all(b"&lt;")?,
            '>' => out.write_all(b"&gt;")?,
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' => write!(out, "\\{char}")?,
            // An address would become a link.
            ':' if text[at..].starts_with("://") => out.write_all(b"&#58;")?,
            _ => write!(out, "{char}")?,
        }
    }
    Ok(())
}

/// A Markdown code block around `text`, with a fence that the text cannot close.
pub(super) fn fenced(text: &str) -> String {
    let text: Cow<'_, str> = printable(text);
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{}\n{fence}", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(escape: fn(&str, &mut dyn io::Write) -> io::Result<()>, text: &str) -> String {
        let mut out = Vec::new();
        escape(text, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn markdown_markup_is_text() {
        assert_eq!(escaped(markdown, "a|b\n# <b>*c*_d_ `e`"), "a\\|b \\# &lt;b&gt;\\*c\\*\\_d\\_ \\`e\\`");
        assert_eq!(escaped(markdown, "[x](http://y)"), "\\[x\\](http&#58;//y)");
    }

    #[test]
    fn html_markup_is_text_and_escapes_are_shown() {
        assert_eq!(escaped(html, "<b>\u{1b}[1m\"&'"), "&lt;b&gt;\\u{1b}[1m&quot;&amp;&#39;");
    }

    #[test]
    fn a_fence_outlasts_its_text() {
        assert_eq!(fenced("SELECT 1;\n"), "```\nSELECT 1;\n```");
        assert!(fenced("a\n`````\nb").starts_with("``````\na"));
    }
}
