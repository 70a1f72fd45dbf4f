//! The JSON Schema of specs, for editors: draft-07, from the same tables that read them.
//!
//! Editors show the descriptions on hover, so these also say what leaving an attribute out means and what
//! changing it costs.

use serde_json::{Map, Value as Json, json};
use trueup_model::expect::FIELDS;
use trueup_model::schema::{Cost, Effect, Omitted};
use trueup_model::{Attribute, Kind, Type};

use crate::decode::may_be_sole;

const NAME: &str = "^[a-z0-9][a-z0-9._-]*$";
const NAME_LENGTH_MAX: usize = 128;

/// The JSON Schema (draft-07) of a spec, with one definition for each kind.
pub fn json_schema() -> Json {
    let mut properties = Map::new();
    properties.insert(
        "topology".into(),
        json!({
            "type": "string", "pattern": NAME, "maxLength": NAME_LENGTH_MAX,
            "description": "The name in the tags by which Trueup knows its objects again: choose one and never change it.",
        }),
    );
    properties.insert(
        "account".into(),
        json!({
            "type": "string", "pattern": "^[0-9]{12}$",
            "description": "The account that the spec is for: it is refused in any other. 12 digits in quotes.",
        }),
    );
    properties.insert(
        "region".into(),
        json!({
            "type": "string", "pattern": "^[a-z]+(-[a-z]+)+-[0-9]+$",
            "description": "The region that the spec is for, such as us-west-2; left out, that of --region or of the usual AWS settings.",
        }),
    );
    properties.insert(
        "max_deletes".into(),
        json!({
            "type": "integer", "minimum": 0,
            "description": "A plan that deletes or replaces more objects than this is refused; --max-deletes says otherwise for one run.",
        }),
    );
    properties.insert("tags".into(), tags("Tags on everything."));
    properties.insert("expect".into(), expect());
    let mut definitions = Map::new();
    for kind in Kind::ALL {
        let name = kind.as_str();
        definitions.insert(name.into(), resource(kind));
        properties.insert(
            name.into(),
            json!({
                "description": kind.schema().doc,
                "type": ["object", "null"],
                "propertyNames": {"pattern": NAME, "maxLength": NAME_LENGTH_MAX},
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
        "patternProperties": {"^x-": {"description": "Ignored: a place for anchors."}},
        "additionalProperties": false,
        "definitions": definitions,
    })
}

/// What must hold: each member says `can` or `cannot`.
fn expect() -> Json {
    let mut member = fields(FIELDS, false);
    member["oneOf"] = json!([{"required": ["can"]}, {"required": ["cannot"]}]);
    json!({"type": "array", "description": "What must hold about who can talk to whom.", "items": member})
}

fn tags(doc: &str) -> Json {
    json!({
        "type": "object",
        "description": doc,
        "propertyNames": {"maxLength": 128, "not": {"pattern": "^([Aa][Ww][Ss]|trueup):"}},
        "additionalProperties": {"type": ["string", "number", "boolean", "null"], "maxLength": 256},
    })
}

fn resource(kind: Kind) -> Json {
    let mut object = fields(kind.schema().attributes, true);
    if let Some(properties) = object["properties"].as_object_mut() {
        let doc = "Tags of this resource, over those on everything; null asks for a key to be absent.";
        properties.insert("tags".into(), tags(doc));
        properties.insert(
            "protect".into(),
            json!({
                "type": "boolean", "default": false,
                "description": "Refuse to delete, replace or stop it, even when it has left the spec.",
            }),
        );
    }
    object["description"] = json!(kind.schema().doc);
    object
}

/// A mapping with these fields; `own` where they are the attributes of a resource.
fn fields(attributes: &[Attribute], own: bool) -> Json {
    let properties: Map<String, Json> = attributes
        .iter()
        .map(|attribute| (attribute.name.to_owned(), property(attribute, own)))
        .collect();
    let asked = |attribute: &&Attribute| attribute.required && !(own && may_be_sole(attribute));
    let required: Vec<&str> = attributes
        .iter()
        .filter(asked)
        .map(|attribute| attribute.name)
        .collect();
    let mut object = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn property(attribute: &Attribute, own: bool) -> Json {
    let mut schema = ty(&attribute.ty);
    let mut description = vec![attribute.documentation()];
    match attribute.omitted {
        _ if !attribute.absent.is_empty() => {}
        _ if own && may_be_sole(attribute) => description.push("Left out, the topology's only VPC.".into()),
        Omitted::Auto if !attribute.input => {
            description.push("Left out, it is not compared: EC2 or you may choose.".into());
        }
        Omitted::Default(value) => description.push(format!("Default: {}.", value())),
        Omitted::Auto | Omitted::Absent => {}
    }
    // What a rule or a route is cannot change: it is another rule or route.
    if own && !attribute.input {
        description.push(match attribute.effect {
            Cost::Fixed(Effect::InPlace) => "Changes in place.".into(),
            Cost::Fixed(Effect::Stop) => {
                format!("Changing it stops and starts the resource: {}.", attribute.reason)
            }
            Cost::Fixed(Effect::Replace) => {
                format!("Changing it replaces the resource: {}.", attribute.reason)
            }
            Cost::By(_) => format!("Changes in place where it can; otherwise: {}.", attribute.reason),
        });
    }
    schema["description"] = json!(description.join(" "));
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
            let mut schema =
                json!({"type": if format.number { json!(["string", "integer"]) } else { json!("string") }});
            if !format.pattern.is_empty() {
                schema["pattern"] = json!(format.pattern);
            }
            schema
        }
        Type::Choice(words) => json!({"enum": words}),
        Type::Ref(..) => json!({"type": "string"}),
        Type::Object(attributes) => fields(attributes, false),
        Type::Set(members) => json!({"type": "array", "items": self::ty(&members.ty)}),
        Type::OneOrMany(inner) => {
            json!({"oneOf": [self::ty(inner), {"type": "array", "items": self::ty(inner), "minItems": 1}]})
        }
        Type::Tags => tags(""),
        Type::Policy => json!({"type": "object"}),
    }
}
