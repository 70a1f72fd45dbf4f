//! Values of every type of attribute: enough of them to see what each change of an attribute costs and which
//! calls make it.

use trueup_model::{Attribute, Kind, Record, Ref, Type, Value};

/// Distinct values of a type, such that each way in which two values can differ occurs.
pub fn of(ty: &Type) -> Vec<Value> {
    match ty {
        Type::Bool => vec![true.into(), false.into()],
        Type::Int(from, _) => vec![(*from).into(), (from + 1).into()],
        // Ports are numbers to whoever reads them; of other forms any text does.
        Type::Text(format) if format.number => vec!["1".into(), "2".into()],
        Type::Text(_) => vec!["a".into(), "b".into()],
        Type::Id(_) => ["a", "b"].map(|id| Ref::Id(id.to_owned()).into()).into(),
        Type::Choice(words) => words.iter().map(|&word| word.into()).collect(),
        Type::Ref(kind, _) => ["a", "b"]
            .into_iter()
            .filter_map(|name| reference(*kind, name))
            .collect(),
        Type::Object(fields) => objects(fields),
        Type::Set(members) => {
            let members = of(&members.ty);
            members.into_iter().map(|member| vec![member].into()).collect()
        }
        Type::OneOrMany(inner) => of(inner),
        Type::Tags => Vec::new(),
        Type::Policy => ["a", "b"]
            .into_iter()
            .map(|id| Record::new().with("Id", id).into())
            .collect(),
    }
}

fn reference(kind: Kind, name: &str) -> Option<Value> {
    trueup_model::Address::new(kind, name)
        .ok()
        .map(|address| Ref::Name(address).into())
}

/// A mapping with all fields, and for each field those in which it alone is another.
fn objects(fields: &[Attribute]) -> Vec<Value> {
    let first: Record = fields
        .iter()
        .filter_map(|field| Some((field.name.to_owned(), of(&field.ty).into_iter().next()?)))
        .collect();
    let mut all = vec![first.clone().into()];
    for field in fields {
        all.extend(
            of(&field.ty)
                .into_iter()
                .skip(1)
                .map(|value| first.clone().with(field.name, value).into()),
        );
    }
    all
}

/// A resource with every attribute that EC2 knows.
pub fn record(kind: Kind) -> Record {
    let attributes = kind
        .schema()
        .attributes
        .iter()
        .filter(|attribute| !attribute.input);
    attributes
        .filter_map(|attribute| Some((attribute.name.to_owned(), of(&attribute.ty).into_iter().next()?)))
        .collect()
}

/// Every pair of different values (`None` for absent) that an attribute may have before and after a change.
pub fn changes(attribute: &Attribute) -> Vec<(Option<Value>, Option<Value>)> {
    let mut values: Vec<Option<Value>> = of(&attribute.ty).into_iter().map(Some).collect();
    // What has a default or must be given is always there.
    if attribute.default_value().is_none() && !attribute.required {
        values.push(None);
    }
    if matches!(attribute.ty, Type::Set(_)) {
        values.push(Some(Vec::new().into()));
    }
    let pairs = values
        .iter()
        .flat_map(|before| values.iter().map(move |after| (before.clone(), after.clone())));
    pairs
        .filter(|(before, after)| attribute.differs(after.as_ref(), before.as_ref()))
        .collect()
}
