//! What of a `sql_mode` changes how text is read.

/// How to read a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mode {
    /// `"x"` is a name.
    pub ansi_quotes: bool,
    /// `\` is a letter like any other.
    pub no_backslash_escapes: bool,
    /// The server that reads it, as comments name it: 80039. What `/*!80000 … */` holds is read by this one or a later one.
    pub version: u32,
}

impl Mode {
    /// Of names with commas between them, as the server keeps `sql_mode` with each stored program.
    pub fn of(sql_mode: &str, version: u32) -> Self {
        let mut mode = Self { version, ..Self::default() };
        for name in sql_mode.split(',').map(str::trim) {
            let one_of = |names: &[&str]| names.iter().any(|one| name.eq_ignore_ascii_case(one));
            mode.ansi_quotes |= one_of(&["ANSI_QUOTES", "ANSI", "DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL"]);
            mode.no_backslash_escapes |= one_of(&["NO_BACKSLASH_ESCAPES"]);
        }
        mode
    }
}
