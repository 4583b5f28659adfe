//! A page of text: the one place where human output is composed, made harmless and coloured.

use anstyle::{AnsiColor, Style};

use crate::report::printable::{one_line, printable};

/// Wide enough for the longest word at the head of a line.
const HEAD: usize = 11;

/// What a piece of text is. Colour only repeats what the words say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Role {
    Plain,
    Good,
    Bad,
    Warning,
    Quiet,
    Strong,
    Command,
}

impl Role {
    /// The role of a word at the head of a line.
    pub(in crate::report) fn of(word: &str) -> Self {
        match word {
            "done" | "accepted" | "already true" => Self::Good,
            "failed" | "error" | "refused" | "not done" => Self::Bad,
            "warning" | "waiting" | "unknown" | "interrupted" | "stalled" | "needs consent" => Self::Warning,
            "skipped" | "not begun" | "notice" | "not yet known" => Self::Quiet,
            _ => Self::Strong,
        }
    }

    fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into())).bold();
        match self {
            Self::Plain => Style::new(),
            Self::Good => color(AnsiColor::Green),
            Self::Bad => color(AnsiColor::Red),
            Self::Warning => color(AnsiColor::Yellow),
            Self::Command => color(AnsiColor::Cyan),
            Self::Quiet => Style::new().dimmed(),
            Self::Strong => Style::new().bold(),
        }
    }
}

pub(in crate::report) struct Page {
    text: String,
    color: bool,
}

impl Page {
    pub(in crate::report) fn new(color: bool) -> Self {
        Self { text: String::new(), color }
    }

    /// Adds text to the line, on one line whatever it holds.
    pub(in crate::report) fn put(&mut self, role: Role, text: &str) -> &mut Self {
        self.add(role, &one_line(text));
        self
    }

    pub(in crate::report) fn plain(&mut self, text: &str) -> &mut Self {
        // Our own joining text may begin or end with blanks.
        self.add(Role::Plain, &printable(text));
        self
    }

    /// A right-aligned word in its colour, and two blanks.
    pub(in crate::report) fn head(&mut self, word: &str) -> &mut Self {
        let blanks = HEAD.saturating_sub(word.chars().count());
        self.text.extend(std::iter::repeat_n(' ', blanks));
        self.put(Role::of(word), word);
        self.text.push_str("  ");
        self
    }

    /// Ends the line.
    pub(in crate::report) fn end(&mut self) {
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
    }

    /// An empty line, unless the page is empty or ends with one.
    pub(in crate::report) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// `label` and a text of one or more lines, all further lines indented below the first.
    pub(in crate::report) fn labelled(&mut self, indent: usize, label: &str, role: Role, text: &str) {
        let text = printable(text);
        let mut lines = text.trim_end().lines();
        self.blank(indent);
        self.add(Role::Quiet, label);
        self.text.push(' ');
        self.add(role, lines.next().unwrap_or_default());
        self.end();
        for line in lines {
            self.blank(indent + label.chars().count() + 1);
            self.add(role, line);
            self.end();
        }
    }

    pub(in crate::report) fn blank(&mut self, width: usize) -> &mut Self {
        self.text.extend(std::iter::repeat_n(' ', width));
        self
    }

    /// The command to type, alone on its line so that it can be pasted.
    pub(in crate::report) fn next(&mut self, command: &str) {
        self.put(Role::Strong, "next:").plain(" ").put(Role::Command, command).end();
    }

    pub(in crate::report) fn finish(self) -> String {
        self.text
    }

    fn add(&mut self, role: Role, text: &str) {
        let text = self.disarmed(text);
        let style = role.style();
        if self.color && role != Role::Plain && !text.is_empty() {
            self.text.push_str(&format!("{style}{text}{style:#}"));
        } else {
            self.text.push_str(&text);
        }
    }

    /// CI systems read commands from what is printed: `::name::` at the head of a line, `##[name]` and `##vso[` anywhere.
    fn disarmed(&self, text: &str) -> String {
        let text = text.replace("##[", "# #[").replace("##vso[", "# #vso[");
        let line = self.text.rsplit('\n').next().unwrap_or_default();
        let first = line.trim().is_empty() && text.trim_start().starts_with("::");
        if first { text.replacen("::", ": :", 1) } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_only_surrounds_the_words() {
        let text = |color| {
            let mut page = Page::new(color);
            page.head("failed").put(Role::Plain, "switchover").end();
            page.finish()
        };
        assert_eq!(text(false), "     failed  switchover\n");
        assert_eq!(text(true), "     \u{1b}[1m\u{1b}[31mfailed\u{1b}[0m  switchover\n");
    }

    #[test]
    fn nothing_from_outside_becomes_a_ci_command() {
        let mut page = Page::new(false);
        page.labelled(2, "fix:", Role::Plain, "SELECT 1;\n::error::forged\n  ::add-mask::x\na ##[error]b");
        page.put(Role::Plain, "::warning::forged").end();
        let text = page.finish();
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::") && !line.contains("##[")), "{text}");
    }

    #[test]
    fn one_message_stays_on_one_line() {
        let mut page = Page::new(false);
        page.head("done").put(Role::Plain, "a\n       done  forged").end();
        assert_eq!(page.finish(), "       done  a / done  forged\n");
    }

    #[test]
    fn further_lines_stand_below_the_first() {
        let mut page = Page::new(false);
        page.labelled(4, "fix:", Role::Plain, "ALTER TABLE t\n  ENGINE = InnoDB;");
        assert_eq!(page.finish(), "    fix: ALTER TABLE t\n           ENGINE = InnoDB;\n");
    }
}
