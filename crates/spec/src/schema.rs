//! The JSON Schema of specs, for editors: draft-07, from the same tables that read them.
//!
//! Editors show the descriptions on hover, so these also say what leaving an attribute out means and what
//! changing it costs.

use serde_json::{Map, Value as Json, json};
use trueup_model::schema::{Cost, Effect, Omitted};
use trueup_model::{Attribute, Implicit, Kind, Type, implicit};

use crate::decode::may_be_sole;
use crate::keys::{EVERY_RESOURCE, HEAD, NAME, VPC};

/// The JSON Schema (draft-07) of a spec, with one definition for each kind.
pub fn json_schema() -> Json {
    let mut schema = fields(HEAD, false);
    let each = &mut schema["properties"]["expect"]["items"];
    each["oneOf"] = json!([{"required": ["can"]}, {"required": ["cannot"]}]);
    let mut definitions = Map::new();
    for kind in Kind::ALL {
        let name = kind.as_str();
        definitions.insert(name.into(), resource(kind));
        schema["properties"][name] = json!({
            "description": kind.schema().doc,
            "type": ["object", "null"],
            "propertyNames": {"pattern": NAME.pattern},
            "additionalProperties": {"oneOf": [{"$ref": format!("#/definitions/{name}")}, {"type": "null"}]},
        });
    }
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("Trueup spec");
    schema["description"] = json!("What an AWS network should be.");
    schema["patternProperties"] = json!({"^x-": {"description": "Ignored: a place for anchors."}});
    schema["definitions"] = json!(definitions);
    schema
}

fn resource(kind: Kind) -> Json {
    let also = if kind == Kind::Vpc { &VPC } else { EVERY_RESOURCE };
    let mut object = fields(kind.schema().attributes.iter().chain(also), true);
    if kind == Kind::Vpc {
        implicit::ALL
            .iter()
            .for_each(|implicit| declares(implicit, &mut object));
    }
    object["description"] = json!(kind.schema().doc);
    object
}

/// Beside a word, what EC2 makes with a VPC may be declared as what it holds.
fn declares(implicit: &'static Implicit, vpc: &mut Json) {
    let mut content = fields(implicit.attributes().chain(&EVERY_RESOURCE[..1]), true);
    content["description"] = json!(implicit.kind.schema().doc);
    let property = &mut vpc["properties"][implicit.key];
    let words = json!({"enum": implicit::WORDS});
    property["oneOf"] = json!([words, content]);
    property.as_object_mut().map(|property| property.remove("enum"));
}

/// A mapping with these fields; `own` where they are the attributes of a resource.
fn fields(attributes: impl IntoIterator<Item = &'static Attribute> + Clone, own: bool) -> Json {
    let properties: Map<String, Json> = attributes
        .clone()
        .into_iter()
        .map(|attribute| (attribute.name.to_owned(), property(attribute, own)))
        .collect();
    let asked = |attribute: &&Attribute| attribute.required && !(own && may_be_sole(attribute));
    let required: Vec<&str> = attributes
        .into_iter()
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
        Type::Text(format) | Type::Id(format) => {
            let mut schema =
                json!({"type": if format.number { json!(["string", "integer"]) } else { json!("string") }});
            if !format.pattern.is_empty() {
                schema["pattern"] = json!(format.pattern);
            }
            schema
        }
        Type::Choice(words) => json!({"enum": words}),
        Type::Ref(..) => json!({"type": "string"}),
        Type::Object(attributes) => fields(*attributes, false),
        Type::Set(members) => json!({"type": "array", "items": self::ty(&members.ty)}),
        Type::OneOrMany(inner) => {
            json!({"oneOf": [self::ty(inner), {"type": "array", "items": self::ty(inner), "minItems": 1}]})
        }
        Type::Tags => json!({
            "type": "object",
            "propertyNames": {"maxLength": 128, "not": {"pattern": "^([Aa][Ww][Ss]|trueup):"}},
            "additionalProperties": {"type": ["string", "number", "boolean", "null"], "maxLength": 256},
        }),
        Type::Policy => json!({"type": "object"}),
    }
}
