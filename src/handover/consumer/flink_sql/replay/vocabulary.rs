//! Words a query may hold, and why it may not hold the others.

use super::{
    super::token::{Kind, Token},
    Judged,
};

pub(super) const PAIRS: &str = "pairs or counts rows, which a start without state cannot go on with";
/// The drain writes each row once; a replay would change what the source never changed.
const VARIES: &str = "gives another value each time a row is written";

/// Words that stand for more than the one row at hand, with the reason.
const CLAUSES: &[(&str, &str)] = &[
    ("JOIN", PAIRS),
    ("GROUP", PAIRS),
    ("HAVING", PAIRS),
    ("DISTINCT", PAIRS),
    ("OVER", PAIRS),
    ("WINDOW", PAIRS),
    ("MATCH_RECOGNIZE", PAIRS),
    ("LATERAL", PAIRS),
    ("UNNEST", PAIRS),
    ("EXISTS", PAIRS),
    ("TUMBLE", PAIRS),
    ("HOP", PAIRS),
    ("CUMULATE", PAIRS),
    ("SESSION", PAIRS),
    ("UNION", "mixes rows of which one can take the place of another"),
    ("INTERSECT", PAIRS),
    ("EXCEPT", PAIRS),
    ("MINUS", PAIRS),
    ("ORDER", PAIRS),
    ("LIMIT", PAIRS),
    ("OFFSET", PAIRS),
    ("FETCH", PAIRS),
    ("TABLESAMPLE", "takes rows at random"),
    ("VALUES", "writes rows that stand in no log, again at every start"),
    ("SYSTEM_TIME", "looks up what another table holds at that moment"),
    ("NOW", VARIES),
    ("RAND", VARIES),
    ("RAND_INTEGER", VARIES),
    ("UUID", VARIES),
    ("PROCTIME", VARIES),
    ("UNIX_TIMESTAMP", VARIES),
    ("LOCALTIME", VARIES),
    ("LOCALTIMESTAMP", VARIES),
    ("CURRENT_DATE", VARIES),
    ("CURRENT_TIME", VARIES),
    ("CURRENT_TIMESTAMP", VARIES),
    ("CURRENT_ROW_TIMESTAMP", VARIES),
    ("CURRENT_WATERMARK", VARIES),
    ("CURRENT_DATABASE", VARIES),
    ("CURRENT_CATALOG", VARIES),
    ("CURRENT_USER", VARIES),
    ("SESSION_USER", VARIES),
    ("SYSTEM_USER", VARIES),
    ("USER", VARIES),
];

/// Functions of the row at hand alone, and words that stand before a parenthesis.
const OF_ONE_ROW: &[&str] = &[
    "ABS",
    "AS",
    "FROM",
    "SELECT",
    "AND",
    "ASCII",
    "BETWEEN",
    "BIGINT",
    "BINARY",
    "BTRIM",
    "CASE",
    "CAST",
    "CEIL",
    "CEILING",
    "CHAR",
    "CHARACTER_LENGTH",
    "CHAR_LENGTH",
    "CHR",
    "COALESCE",
    "CONCAT",
    "CONCAT_WS",
    "DATE_FORMAT",
    "DAYOFMONTH",
    "DAYOFWEEK",
    "DAYOFYEAR",
    "DECIMAL",
    "ELSE",
    "EXP",
    "EXTRACT",
    "FLOOR",
    "FROM_BASE64",
    "GREATEST",
    "HEX",
    "HOUR",
    "IF",
    "IFNULL",
    "IN",
    "INITCAP",
    "INSTR",
    "JSON_EXISTS",
    "JSON_QUERY",
    "JSON_VALUE",
    "LEAST",
    "LEFT",
    "LIKE",
    "LN",
    "LOCATE",
    "LOG10",
    "LOWER",
    "LPAD",
    "LTRIM",
    "MD5",
    "MINUTE",
    "MOD",
    "MONTH",
    "NOT",
    "NULLIF",
    "NUMERIC",
    "OR",
    "OVERLAY",
    "POSITION",
    "POWER",
    "QUARTER",
    "REGEXP",
    "REGEXP_EXTRACT",
    "REGEXP_REPLACE",
    "REPEAT",
    "REPLACE",
    "REVERSE",
    "RIGHT",
    "ROUND",
    "RPAD",
    "RTRIM",
    "SECOND",
    "SHA1",
    "SHA2",
    "SHA224",
    "SHA256",
    "SHA384",
    "SHA512",
    "SIGN",
    "SPLIT_INDEX",
    "SQRT",
    "SUBSTR",
    "SUBSTRING",
    "THEN",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMPADD",
    "TIMESTAMPDIFF",
    "TO_BASE64",
    "TO_DATE",
    "TO_TIMESTAMP",
    "TRIM",
    "TRUNCATE",
    "TRY_CAST",
    "UPPER",
    "VARBINARY",
    "VARCHAR",
    "WEEK",
    "WHEN",
    "WHERE",
    "YEAR",
];

/// Judges words and functions of an expression or of a whole query.
pub(super) fn judge(text: &str, tokens: &[Token], of: &str) -> Judged<()> {
    for (at, token) in tokens.iter().enumerate() {
        let spelled = token.value(text);
        let upper = spelled.to_ascii_uppercase();
        // A part of a dotted name is no keyword.
        let dotted = at > 0 && tokens[at - 1].is(text, ".");
        if token.kind == Kind::Word
            && !dotted
            && let Some((word, reason)) = CLAUSES.iter().find(|(word, _)| *word == upper)
        {
            return Err(format!("{of} uses {word}, which {reason}"));
        }
        let called = tokens.get(at + 1).is_some_and(|next| next.is(text, "("));
        let named = token.kind == Kind::Name
            || (token.kind == Kind::Word && !spelled.starts_with(|c: char| c.is_ascii_digit()));
        if called && named && (dotted || token.kind == Kind::Name || !OF_ONE_ROW.contains(&upper.as_str())) {
            return Err(format!(
                "{of} calls {spelled}, of which it is not known that one row alone decides its result"
            ));
        }
    }
    Ok(())
}
