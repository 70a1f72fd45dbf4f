//! The JSON Schema of specs, for editors: draft-07, from the same tables that read them.

use serde_json::{Map, Value as Json, json};
use trueup_model::schema::{Effect, Omitted};
use trueup_model::{Attribute, Kind, Type};

/// The schema of a spec.
pub fn json_schema() -> Json {
    let mut properties = Map::new();
    properties.insert(
        "topology".into(),
        json!({"type": "string", "pattern": NAME, "description": "The name in the ownership tags. Never change it."}),
    );
    properties.insert("account".into(), json!({"type": "string", "pattern": "^[0-9]{12}$", "description": "The account that this spec is for: refused in any other. Quote it."}));
    properties.insert("region".into(), json!({"type": "string", "description": "The region that this spec is for, such as us-west-2."}));
    properties.insert("tags".into(), tags("Tags on everything."));
    let mut definitions = Map::new();
    for kind in Kind::ALL {
        let name = kind.as_str();
        definitions.insert(name.into(), resource(kind));
        properties.insert(
            name.into(),
            json!({
                "description": kind.schema().doc,
                "type": ["object", "null"],
                "propertyNames": {"pattern": NAME},
                "additionalProperties": {"oneOf": [{"$ref": format!("#/definitions/{name}")}, {"type": "null"}]},
            }),
        );
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Trueup spec",
        "description": "What an AWS network should be.",
        "type": "object",
        "required": ["topology"],
        "properties": properties,
        "patternProperties": {"^x-": {}},
        "additionalProperties": false,
        "definitions": definitions,
    })
}

const NAME: &str = "^[a-z0-9][a-z0-9._-]*$";

fn tags(doc: &str) -> Json {
    json!({"type": "object", "description": doc, "additionalProperties": {"type": ["string", "number", "boolean", "null"]}})
}

fn resource(kind: Kind) -> Json {
    let mut object = fields(kind.schema().attributes);
    let properties = object["properties"].as_object_mut();
    if let Some(properties) = properties {
        properties.insert("tags".into(), tags("Tags of this resource, over those on everything; null asks for a key to be absent."));
        properties.insert(
            "protect".into(),
            json!({"type": "boolean", "default": false, "description": "Refuse to delete, replace or stop it, even when it leaves the spec."}),
        );
    }
    object
}

fn fields(attributes: &[Attribute]) -> Json {
    let properties: Map<String, Json> = attributes.iter().map(|attribute| (attribute.name.to_owned(), property(attribute))).collect();
    let required: Vec<&str> = attributes
        .iter()
        .filter(|attribute| attribute.required && !crate::decode::may_be_sole(attribute))
        .map(|attribute| attribute.name)
        .collect();
    let mut object = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn property(attribute: &Attribute) -> Json {
    let mut schema = ty(&attribute.ty);
    let cost = match attribute.effect(None, None) {
        Effect::InPlace => "",
        Effect::Stop => " Changing it stops and starts the resource.",
        Effect::Replace => " Changing it replaces the resource.",
    };
    let omitted = match attribute.omitted {
        Omitted::Auto if !attribute.input => " Left out, it is EC2's or the operator's to choose.",
        _ => "",
    };
    schema["description"] = json!(format!("{}{omitted}{cost}", attribute.doc));
    if let Some(default) = attribute.default_value() {
        schema["default"] = json!(default);
    }
    schema
}

fn ty(ty: &Type) -> Json {
    match ty {
        Type::Bool => json!({"type": "boolean"}),
        Type::Int(from, to) => json!({"type": "integer", "minimum": from, "maximum": to}),
        Type::Text(format) => {
            let mut schema = json!({"type": if format.number { json!(["string", "integer"]) } else { json!("string") }});
            if !format.pattern.is_empty() {
                schema["pattern"] = json!(format.pattern);
            }
            schema
        }
        Type::Choice(words) => json!({"enum": words}),
        Type::Ref(..) => json!({"type": "string"}),
        Type::Object(attributes) => fields(attributes),
        Type::Set(members) => json!({"type": "array", "items": self::ty(&members.ty)}),
        Type::OneOrMany(inner) => json!({"oneOf": [self::ty(inner), {"type": "array", "items": self::ty(inner)}]}),
        Type::Tags => tags(""),
        Type::Policy => json!({"type": "object"}),
    }
}
