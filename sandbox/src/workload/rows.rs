//! The two tables of the rehearsal and what their rows look like.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::error::{Doing, Result};
use crate::flink::fill;

const TABLES: &str = include_str!("../../sql/rehearsal.sql");
/// Above every id the writer uses.
const MARKER: u32 = 2_000_000_000;
/// Above every id of the writer and of a burst.
pub const FIRST_PLANTED: u32 = 1_900_000_000;

/// A table of the rehearsal; the key of both is `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Table {
    /// Three columns.
    Source,
    /// Every usual column type.
    Wide,
}

impl Table {
    pub const ALL: [Self; 2] = [Self::Source, Self::Wide];

    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source_table",
            Self::Wide => "wide_table",
        }
    }

    /// A row as a parenthesised list of SQL literals: the same for the same `id` and `version`.
    pub(super) fn row(self, id: u32, version: u32) -> String {
        let mixed = mix(id, version);
        match self {
            Self::Source => {
                let (minute, second) = (mixed / 60 % 60, mixed % 60);
                format!("({id}, 'Customer {id} Ünïcode 🚚 v{version}', '2026-11-21 12:{minute:02}:{second:02}')")
            }
            Self::Wide => wide_row(id, version, mixed),
        }
    }
}

fn wide_row(id: u32, version: u32, mixed: u32) -> String {
    let nullable = |nth: u32, literal: String| if mixed % 13 == nth { "NULL".to_owned() } else { literal };
    let m = i64::from(mixed);
    let fields = [
        id.to_string(),
        (m % 256 - 128).to_string(),
        (m % 2).to_string(),
        (m % 256).to_string(),
        (m % 65_536 - 32_768).to_string(),
        nullable(1, (m % 65_536).to_string()),
        (m % 16_777_216 - 8_388_608).to_string(),
        nullable(2, (m - 2_147_483_648).to_string()),
        mixed.to_string(),
        (i64::MIN + m).to_string(),
        nullable(3, (u64::MAX - u64::from(mixed)).to_string()),
        nullable(4, format!("{}.{:04}", m * 7 - 9_000_000_000, mixed % 10_000)),
        format!("{}.5", m % 100_000),
        nullable(5, format!("{m}.{:06}e-3", mixed % 1_000_000)),
        format!("b'{}'", mixed % 2),
        format!("'c{:06}'", mixed % 1_000_000),
        nullable(6, format!("'O''Neil \\\\ \"{mixed}\" 日本 🚀'")),
        nullable(7, format!("REPEAT('Zeile {version}\\n', {})", mixed % 20)),
        nullable(8, format!("UNHEX('00FF{mixed:08X}2700')")),
        format!("UNHEX(REPEAT('{:02X}00', {}))", mixed % 256, 1 + mixed % 40),
        nullable(9, format!("'20{:02}-{:02}-{:02}'", mixed % 70, 1 + mixed % 12, 1 + mixed % 28)),
        format!("'{:02}:{:02}:{:02}'", mixed % 24, mixed % 60, mixed / 7 % 60),
        format!("'2026-11-21 {:02}:{:02}:{:02}.{:06}'", mixed % 24, mixed % 60, mixed / 3 % 60, mixed % 1_000_000),
        nullable(10, format!("'2026-03-29 01:{:02}:{:02}.{:03}'", mixed % 60, mixed / 5 % 60, mixed % 1000)),
        (1970 + mixed % 100).to_string(),
        nullable(11, format!("'{}'", ["small", "medium", "large"][mixed as usize % 3])),
        format!("'{}'", ["", "red", "green,blue", "red,green,blue"][mixed as usize % 4]),
        nullable(12, format!("'{{\"version\": {version}, \"id\": {id}, \"list\": [1, 2.5, null, \"ä\"]}}'")),
    ];
    format!("({})", fields.join(", "))
}

/// Spreads two numbers over all 32 bits (the finaliser of MurmurHash3).
fn mix(id: u32, version: u32) -> u32 {
    let mut hash = id ^ version.rotate_left(16);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// Makes the database with its two empty tables.
pub async fn create_tables(conn: &mut Conn, database: &str) -> Result<()> {
    let script = fill(TABLES, |name| (name == "DATABASE").then(|| database.to_owned()));
    conn.query_drop(script).await.doing(format!("Making the tables of {database}"))
}

/// Ten rows in each table.
pub async fn insert_first_rows(conn: &mut Conn, database: &str) -> Result<()> {
    for table in Table::ALL {
        let rows: Vec<String> = (1..=10).map(|id| table.row(id, 0)).collect();
        let insert = format!("INSERT INTO {database}.{} VALUES {}", table.name(), rows.join(", "));
        conn.query_drop(insert).await.doing("Inserting the first rows")?;
    }
    Ok(())
}

/// Five rows for each table, written between the end of blue's log and the application's first write on green.
pub fn insert_between(database: &str) -> Vec<String> {
    let insert = |table: Table, id: u32| format!("INSERT INTO {database}.{} VALUES {}", table.name(), table.row(id, 0));
    Table::ALL.into_iter().flat_map(|table| (0..5).map(move |next| insert(table, FIRST_PLANTED + next))).collect()
}

/// One last row in the table, whose arrival tells that all before it has arrived; returns its id.
pub async fn insert_marker(conn: &mut Conn, database: &str, table: Table) -> Result<u32> {
    let insert = format!("INSERT INTO {database}.{} VALUES {}", table.name(), table.row(MARKER, 0));
    conn.query_drop(insert).await.doing("Inserting the marker row")?;
    Ok(MARKER)
}
