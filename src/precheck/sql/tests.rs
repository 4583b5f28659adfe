use super::{Kind, Mode, Text, lexer};
use proptest::prelude::*;

fn read(text: &str, sql_mode: &str) -> Vec<(Kind, String)> {
    let text = Text::new(text.as_bytes(), Mode::of(sql_mode, 80_039));
    (0..text.len()).map(|at| (text.kind(at).unwrap(), String::from_utf8_lossy(text.bytes(at)).into_owned())).collect()
}

fn words(text: &str) -> Vec<String> {
    read(text, "").into_iter().filter(|(kind, _)| *kind == Kind::Word).map(|(_, word)| word).collect()
}

fn only(text: &str, sql_mode: &str) -> (Kind, String) {
    let mut all = read(text, sql_mode);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn strings_end_where_the_server_ends_them() {
    for string in [r"'a''b'", r"'it\'s'", r#""a""b""#, r#""it's""#, r"'a\\'", "'a -- b'", "'/* a'", "'a` b'"] {
        assert_eq!(only(string, ""), (Kind::String, string.to_owned()));
    }
    assert_eq!(read(r"'a\' encode", "NO_BACKSLASH_ESCAPES")[1], (Kind::Word, "encode".into()));
    assert_eq!(only(r#""a""b""#, "ANSI_QUOTES").0, Kind::Name);
    assert_eq!(only(r#""a b""#, "REAL_AS_FLOAT,ANSI").0, Kind::Name);
    assert_eq!(only("`a``b`", "").0, Kind::Name);
}

#[test]
fn comments_are_not_read_and_those_the_server_runs_are() {
    assert_eq!(words("a -- b\nc # d\ne /* f */ g --h"), ["a", "c", "e", "g", "h"]);
    assert_eq!(words("a /*!50700 b */ c /*!99999 d */ e /*! f */ g"), ["a", "b", "c", "e", "f", "g"]);
    assert_eq!(words("/*!50001 a /* b */ c */ d"), ["a", "c", "d"]);
    assert_eq!(words("a --"), ["a"]);
    assert_eq!(read("5--3", "").len(), 4);
}

#[test]
fn a_dot_is_part_of_a_number_only_where_no_name_ends_before_it() {
    assert_eq!(only(".5", ""), (Kind::Number, ".5".into()));
    for number in ["1.5e-3", "1e5", "12", "0x1F", "0b01", "1.", "1E+2"] {
        assert_eq!(only(number, "").0, Kind::Number, "{number}");
    }
    let kinds = |text| read(text, "").into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    assert_eq!(kinds("a > .5"), [Kind::Word, Kind::Symbol, Kind::Number]);
    assert_eq!(kinds("t.5th"), [Kind::Word, Kind::Symbol, Kind::Word]);
    assert_eq!(kinds("`t`.5"), [Kind::Name, Kind::Symbol, Kind::Word]);
    assert_eq!(only("1st", "").0, Kind::Word);
    assert_eq!(only("2e", "").0, Kind::Word);
}

#[test]
fn variables_introducers_and_null() {
    assert_eq!(only("@rank", "").0, Kind::Variable);
    assert_eq!(only("@@session.tx_isolation", "").0, Kind::Variable);
    assert_eq!(only("@'a b'", "").0, Kind::Variable);
    assert_eq!(only("@`a``b`", "").0, Kind::Variable);
    assert_eq!(only("\\N", "").0, Kind::Null);
    assert_eq!(read("_utf8'é'", "").len(), 2);
    assert_eq!(words("größe $x"), ["größe", "$x"]);
}

#[test]
fn names_and_strings_are_told_without_their_quotes() {
    let text = Text::new(br"`a``b` 'it\'s ''x''' c", Mode::default());
    assert_eq!(text.name(0).as_deref(), Some("a`b"));
    assert_eq!(text.string(1).as_deref(), Some(&b"it's 'x'"[..]));
    assert_eq!(text.name(2).as_deref(), Some("c"));
    assert!(text.name(1).is_none() && text.string(0).is_none() && text.name(9).is_none());
    assert!(Text::new(b"`", Mode::default()).name(0).is_some_and(|name| name.is_empty()));
}

#[test]
fn a_text_that_ends_within_quotes_is_cut() {
    let cut = |text: &str| Text::new(text.as_bytes(), Mode::default()).is_cut();
    for text in ["select '", "'a''", r"'a\'", "`a", "`a``", r#"x "b"#] {
        assert!(cut(text), "{text}");
    }
    for text in ["", "select 'a'", "''", "'a'''", "`a`", "select 1", r"'a\\'"] {
        assert!(!cut(text), "{text}");
    }
}

#[test]
fn the_place_of_a_token_is_known() {
    let text = Text::new(b"a\n.b. c", Mode::default());
    assert_eq!((text.line(0), text.line(2), text.line(99)), (1, 2, 2));
    assert!(text.is_qualified(2) && !text.is_qualified(4) && !text.is_qualified(0));
}

proptest! {
    #[test]
    fn tokens_cover_any_bytes_without_a_gap(text in proptest::collection::vec(any::<u8>(), 0..200), ansi: bool, plain: bool) {
        let mode = Mode { ansi_quotes: ansi, no_backslash_escapes: plain, version: 80_039 };
        covers(&text, mode);
    }

    #[test]
    fn tokens_cover_what_looks_like_sql(pieces in proptest::collection::vec(
        prop_oneof![
            Just("'"), Just("\""), Just("`"), Just("\\"), Just("/*!50700"), Just("/*!"), Just("/*"), Just("*/"), Just("--"),
            Just("-- "), Just("#"), Just("\n"), Just("."), Just("5"), Just("e"), Just("@"), Just("@@"), Just("a"), Just(" "),
            Just("\\N"), Just("0x"), Just("é"),
        ],
        0..40,
    ), ansi: bool, plain: bool) {
        covers(pieces.concat().as_bytes(), Mode { ansi_quotes: ansi, no_backslash_escapes: plain, version: 80_039 });
    }
}

fn covers(text: &[u8], mode: Mode) {
    let mut end = 0;
    for token in lexer::tokens(text, mode) {
        assert!(token.start == end && token.end > end, "{token:?}");
        end = token.end;
    }
    assert_eq!(end, text.len());
    let read = Text::new(text, mode);
    for at in 0..=read.len() {
        let _ = (read.name(at), read.string(at), read.word(at), read.line(at), read.is_qualified(at));
    }
}
