//! How the values of a source's column and a sink's column are compared, or why they cannot be.

use super::kind::Kind;
use crate::port::tables::{Column, Form};

/// When two shown values are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Exact,
    /// Zeros behind the point do not count.
    Number,
    Double,
    /// As floats of four bytes.
    Float,
}

/// A column of the source and one of the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) source: Form,
    pub(super) sink: Form,
    pub(super) rule: Rule,
}

impl Mapping {
    /// `zone` is why a time of an instant cannot be told as a time of a calendar, where it cannot.
    ///
    /// # Errors
    /// Why values of the one do not come back from the other, as the end of a sentence.
    pub(super) fn of(source: &Column, sink: &Column, zone: Option<&str>) -> Result<Self, String> {
        let (from, to) = (Kind::of(&source.kind), Kind::of(&sink.kind));
        let says = |why: &str| Err(format!("{} in {}: {why}", source.kind, sink.kind));
        let with = |source, sink, rule| Ok(Self { source, sink, rule });
        let same = |form, rule| with(form, form, rule);
        if sink.generated {
            return says("the sink makes its value itself");
        }
        match (&from, &to) {
            (Kind::Integer(_) | Kind::Bit(1), Kind::Integer(_) | Kind::Bit(1) | Kind::Decimal(_)) => {
                same(Form::Number, Rule::Number)
            }
            (Kind::Bit(_), Kind::Bit(_)) => same(Form::Number, Rule::Number),
            (Kind::Bit(_), Kind::Integer(_) | Kind::Decimal(_) | Kind::Filled(_) | Kind::Bytes) => {
                says("connectors give the bytes of a bit field in another order")
            }
            (Kind::Decimal(has), Kind::Decimal(holds)) if has <= holds => same(Form::Number, Rule::Number),
            (Kind::Decimal(0), Kind::Integer(_)) => same(Form::Number, Rule::Number),
            (Kind::Decimal(_), Kind::Decimal(_) | Kind::Integer(_)) => says("digits behind the point are rounded off"),
            (Kind::Integer(_) | Kind::Decimal(_), Kind::Text) => with(Form::Number, Form::Text, Rule::Exact),
            (Kind::Integer(bits), Kind::Double) if *bits < 53 => same(Form::Double, Rule::Double),
            (Kind::Integer(bits), Kind::Float) if *bits <= 24 => same(Form::Double, Rule::Double),
            (Kind::Integer(_) | Kind::Decimal(_), Kind::Float | Kind::Double) => says("digits are rounded off"),
            (Kind::Float, Kind::Float | Kind::Double) => same(Form::Double, Rule::Float),
            (Kind::Double, Kind::Double) => same(Form::Double, Rule::Double),
            (Kind::Double, Kind::Float) => says("digits are rounded off"),
            (Kind::Text | Kind::Label, Kind::Text | Kind::Label) => same(Form::Text, Rule::Exact),
            (Kind::Filled(has), Kind::Filled(holds)) if has == holds => same(Form::Bytes, Rule::Exact),
            // What fills BINARY(n) up is not in the log.
            (Kind::Filled(_), Kind::Filled(_) | Kind::Bytes) => same(Form::Unfilled, Rule::Exact),
            (Kind::Bytes | Kind::Text, Kind::Bytes) => same(Form::Bytes, Rule::Exact),
            (Kind::Json, Kind::Json | Kind::Text) => same(Form::Json, Rule::Exact),
            (Kind::Text, Kind::Json) => same(Form::Json, Rule::Exact),
            (Kind::Date, Kind::Date | Kind::Moment { .. }) => same(Form::Moment, Rule::Exact),
            (Kind::Moment { instant: has, .. }, Kind::Moment { instant: holds, .. })
                if has != holds && zone.is_some() =>
            {
                says(zone.unwrap_or_default())
            }
            (Kind::Moment { fraction: has, .. }, Kind::Moment { fraction: holds, .. }) if has <= holds => {
                same(Form::Moment, Rule::Exact)
            }
            (Kind::Moment { .. }, Kind::Moment { .. }) => says("fractions of seconds are rounded off"),
            (Kind::Moment { .. }, Kind::Date) => says("the time of day is cut off"),
            (Kind::Span(0), Kind::Span(_)) => same(Form::Span, Rule::Exact),
            (Kind::Span(_), Kind::Span(_)) => says("the JDBC sink writes no fractions of a TIME"),
            (Kind::Other(_), _) | (_, Kind::Other(_)) => says("there is no form in which both could be compared"),
            _ => says("the job writes it in a form of its own"),
        }
    }

    pub(super) fn same(&self, source: Option<&str>, sink: Option<&str>) -> bool {
        let (Some(source), Some(sink)) = (source, sink) else { return source == sink };
        if source == sink {
            return true;
        }
        match self.rule {
            Rule::Exact => false,
            Rule::Number => plain(source) == plain(sink),
            Rule::Double => source.parse::<f64>().is_ok_and(|source| sink.parse() == Ok(source)),
            Rule::Float => source.parse::<f32>().is_ok_and(|source| sink.parse() == Ok(source)),
        }
    }
}

/// Why rows of the one cannot be looked up in the other by a literal of this column, as the end of a sentence.
pub(super) fn key(source: &Column, sink: &Column) -> Result<(), String> {
    let fits = match (Kind::of(&source.kind), Kind::of(&sink.kind)) {
        (Kind::Integer(_) | Kind::Decimal(_), Kind::Integer(_) | Kind::Decimal(_)) => true,
        (Kind::Text, Kind::Text) => {
            let (has, holds) = (source.charset.as_deref(), sink.charset.as_deref());
            let wide = |charset: Option<&str>| {
                charset.map(|name| if name == "utf8" { "utf8mb3" } else { name }).map(str::to_owned)
            };
            wide(has) == wide(holds) || holds == Some("utf8mb4") || has == Some("ascii")
        }
        (Kind::Filled(has), Kind::Filled(holds)) => has == holds,
        (Kind::Bytes, Kind::Bytes) | (Kind::Date, Kind::Date) => true,
        (Kind::Moment { fraction: has, instant: one }, Kind::Moment { fraction: holds, instant: other }) => {
            has == holds && one == other
        }
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(format!(
            "rows cannot be looked up by the key column {} of type {} in {}",
            source.name, source.kind, sink.kind
        ))
    }
}

/// A number without the zeros that say nothing.
fn plain(number: &str) -> &str {
    let plain = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    if plain == "-0" { "0" } else { plain }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(kind: &str) -> Column {
        Column { name: "c".into(), kind: kind.into(), ..Column::default() }
    }

    fn of(source: &str, sink: &str) -> Result<Mapping, String> {
        Mapping::of(&column(source), &column(sink), None)
    }

    #[test]
    fn what_comes_back_is_compared() {
        for (source, sink) in [
            ("tinyint(1)", "tinyint(4)"),
            ("tinyint(1)", "bit(1)"),
            ("bit(1)", "tinyint(1)"),
            ("int(10) unsigned zerofill", "bigint"),
            ("bigint(20) unsigned", "decimal(20,0)"),
            ("decimal(10,2)", "decimal(12,4)"),
            ("decimal(65,30)", "varchar(80)"),
            ("float", "double"),
            ("year(4)", "int"),
            ("enum('a','b')", "varchar(10)"),
            ("set('a','b')", "text"),
            ("varchar(10)", "longtext"),
            ("binary(5)", "varbinary(5)"),
            ("json", "json"),
            ("json", "longtext"),
            ("date", "date"),
            ("datetime(3)", "timestamp(6)"),
            ("time", "time"),
        ] {
            assert!(of(source, sink).is_ok(), "{source} in {sink}: {:?}", of(source, sink));
        }
    }

    #[test]
    fn what_does_not_is_named() {
        for (source, sink, why) in [
            ("decimal(10,4)", "decimal(10,2)", "rounded off"),
            ("decimal(10,4)", "double", "rounded off"),
            ("bigint", "double", "rounded off"),
            ("datetime(6)", "datetime(3)", "rounded off"),
            ("datetime", "date", "cut off"),
            ("time(3)", "time(3)", "no fractions"),
            ("bit(9)", "varbinary(2)", "another order"),
            ("geometry", "geometry", "no form"),
            ("datetime", "varchar(30)", "a form of its own"),
        ] {
            let told = of(source, sink).unwrap_err();
            assert!(told.contains(why) && told.starts_with(source), "{told}");
        }
        let zone = Mapping::of(&column("timestamp"), &column("datetime"), Some("the zone is not known"));
        assert_eq!(zone.unwrap_err(), "timestamp in datetime: the zone is not known");
        assert!(Mapping::of(&column("datetime"), &column("datetime"), Some("the zone is not known")).is_ok());
    }

    #[test]
    fn null_is_nothing_else_and_values_are_what_they_are_worth() {
        let (number, text) = (of("decimal(9,2)", "decimal(9,4)").unwrap(), of("varchar(9)", "varchar(9)").unwrap());
        let float = of("float", "double").unwrap();
        assert!(number.same(Some("1.50"), Some("1.5000")) && number.same(Some("-0.00"), Some("0")));
        assert!(!number.same(Some("100"), Some("1")) && !number.same(None, Some("0")));
        assert!(!text.same(None, Some("")) && !text.same(Some("a"), Some("a ")) && text.same(None, None));
        assert!(float.same(Some("1.2000000476837158"), Some("1.2")) && !float.same(Some("1.2"), Some("1.2000002")));
    }

    #[test]
    fn keys_are_of_one_kind() {
        let (mut latin, mut utf) = (column("varchar(9)"), column("varchar(9)"));
        (latin.charset, utf.charset) = (Some("latin1".into()), Some("utf8mb4".into()));
        assert!(key(&latin, &utf).is_ok() && key(&utf, &latin).is_err());
        assert!(key(&column("bigint unsigned"), &column("decimal(20,0)")).is_ok());
        for (source, sink) in
            [("int", "varchar(9)"), ("enum('a')", "enum('a')"), ("float", "float"), ("binary(3)", "blob")]
        {
            assert!(key(&column(source), &column(sink)).is_err(), "{source} in {sink}");
        }
    }

    proptest! {
        #[test]
        fn zeros_behind_the_point_are_all_that_is_left_out(whole in -10_000_i64..10_000, part in 0_u32..1_000, other in 0_u32..1_000, zeros in 0_usize..5) {
            let rule = of("decimal(9,3)", "decimal(9,8)").unwrap();
            let shown = format!("{whole}.{part:03}");
            let padded = format!("{shown}{}", "0".repeat(zeros));
            let changed = format!("{whole}.{other:03}");
            prop_assert!(rule.same(Some(&shown), Some(&padded)));
            prop_assert_eq!(rule.same(Some(&shown), Some(&changed)), part == other);
        }
    }
}
