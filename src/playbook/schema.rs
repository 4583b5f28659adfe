//! The JSON Schema of a playbook, for editors, made from the table of keys.

use serde_json::{Map, Value, json};

use super::{
    duration,
    keys::{Key, Mapping, PLAYBOOK, SECRET, Shape},
    kinds::KINDS,
};

/// The schema, draft 7: the newest that YAML editors read throughout.
pub fn schema() -> Value {
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A playbook of upgrade, version 1",
    });
    merge(&mut schema, mapping(&PLAYBOOK));
    schema
}

/// The schema as it is written to a file, with a newline at its end.
pub fn schema_text() -> String {
    format!("{:#}\n", schema())
}

fn mapping(mapping: &Mapping) -> Value {
    let properties: Map<String, Value> = mapping.all().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> = mapping.all().filter(|key| key.required).map(|key| key.name).collect();
    let together: Map<String, Value> =
        mapping.all().filter_map(|key| Some((key.name.to_owned(), json!([key.with?])))).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        merge(&mut schema, json!({ "required": required }));
    }
    if !mapping.one_of.is_empty() {
        let choices: Vec<Value> = mapping.one_of.iter().map(|name| json!({ "required": [name] })).collect();
        merge(&mut schema, json!({ "oneOf": choices }));
    }
    if !together.is_empty() {
        merge(&mut schema, json!({ "dependencies": together }));
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = json!({ "description": key.about });
    if let Some(default) = key.default {
        let value = if matches!(key.shape, Shape::Flag) { json!(default == "true") } else { json!(default) };
        merge(&mut schema, json!({ "default": value }));
    }
    merge(&mut schema, shape(&key.shape));
    schema
}

fn shape(of: &Shape) -> Value {
    match of {
        Shape::Version => json!({ "const": 1 }),
        Shape::Text(form) => json!({ "type": "string", "pattern": form.pattern }),
        Shape::Choice(choices) => json!({ "enum": choices }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Count => json!({ "type": "integer", "minimum": 0 }),
        Shape::Duration => json!({ "type": "string", "pattern": duration::PATTERN }),
        Shape::Secret => mapping(&SECRET),
        Shape::Map(keys) => mapping(keys),
        Shape::WordOr(word, each) => json!({ "oneOf": [{ "const": word }, { "type": "array", "items": shape(each) }] }),
        Shape::List(each) => json!({ "type": "array", "items": shape(each) }),
        Shape::Named(form, each) => json!({
            "type": "object",
            "propertyNames": { "pattern": form.pattern },
            "additionalProperties": shape(each),
        }),
        Shape::Steps => json!({ "type": "array", "minItems": 1, "items": { "oneOf": steps() } }),
    }
}

/// A bare name where nothing is required, else one key with its body.
fn steps() -> Vec<Value> {
    let bare: Vec<&str> =
        KINDS.iter().filter(|kind| !kind.body.all().any(|key| key.required)).map(|kind| kind.body.name).collect();
    let full = KINDS.iter().map(|kind| {
        let required = kind.body.all().any(|key| key.required);
        let mut body = mapping(&kind.body);
        merge(&mut body, json!({ "type": if required { json!("object") } else { json!(["object", "null"]) } }));
        merge(&mut body, json!({ "description": kind.about }));
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": [kind.body.name],
            "properties": { kind.body.name: body },
        })
    });
    std::iter::once(json!({ "enum": bare })).chain(full).collect()
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}
