//! JSON values of a log as the server prints them.

use mysql_async::binlog::jsonb::{JsonContainer, JsonDom, JsonNumber, JsonScalar, Value};
use serde_json::{Number, Value as Plain};

/// As text; what JSON has no kind for, such as a date, becomes a string, as the server itself prints it.
pub(super) fn text(value: Value<'_>) -> Result<String, String> {
    let dom = value.parse().map_err(|error| format!("holds a JSON value that cannot be read: {error}"))?;
    let mut text = String::new();
    write(&dom, &mut text);
    Ok(text)
}

fn write(value: &JsonDom, text: &mut String) {
    match value {
        JsonDom::Container(JsonContainer::Array(elements)) => {
            text.push('[');
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                write(element, text);
            }
            text.push(']');
        }
        JsonDom::Container(JsonContainer::Object(members)) => {
            text.push('{');
            for (at, (key, member)) in members.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                text.push_str(&format!("{}: ", Plain::from(key.as_str())));
                write(member, text);
            }
            text.push('}');
        }
        JsonDom::Scalar(scalar) => text.push_str(&of_scalar(scalar)),
    }
}

fn of_scalar(scalar: &JsonScalar) -> String {
    match scalar {
        JsonScalar::Null => "null".to_owned(),
        JsonScalar::Boolean(value) => value.to_string(),
        JsonScalar::Number(JsonNumber::Decimal(number)) => number.to_string(),
        // The server keeps no infinities.
        JsonScalar::Number(JsonNumber::Double(number)) => {
            Number::from_f64(*number).map_or_else(|| "0".to_owned(), |number| number.to_string())
        }
        JsonScalar::Number(JsonNumber::Int(number)) => number.to_string(),
        JsonScalar::Number(JsonNumber::Uint(number)) => number.to_string(),
        JsonScalar::String(value) => Plain::from(value.as_str()).to_string(),
        JsonScalar::DateTime(time) => Plain::from(format!("{time:.6}")).to_string(),
        JsonScalar::Opaque(value) => Plain::from(value.to_string()).to_string(),
    }
}
