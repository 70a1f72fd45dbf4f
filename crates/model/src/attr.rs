//! Attributes by name and type: each stands once, as a constant beside the table that declares it, and whoever
//! reads or writes it means that constant.

use std::fmt;
use std::marker::PhantomData;
pub(crate) use std::net::Ipv4Addr;

pub(crate) use ipnet::IpNet;

use crate::fields::FieldName;
pub(crate) use crate::net::Ports;
use crate::schema::Type;
pub(crate) use crate::{Record, Ref, Value};

/// An attribute of a record, or a field of a member, whose value is read as `T`.
pub struct Attr<T: ?Sized> {
    /// Its name in a spec.
    pub name: &'static str,
    form: PhantomData<fn(&T)>,
}

impl<T: ?Sized> Attr<T> {
    /// The attribute of this name.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            form: PhantomData,
        }
    }
}

impl<T: ?Sized> Clone for Attr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Attr<T> {}

impl<T: ?Sized> AsRef<str> for Attr<T> {
    fn as_ref(&self) -> &str {
        self.name
    }
}

impl<T: ?Sized> From<Attr<T>> for &'static str {
    fn from(attr: Attr<T>) -> Self {
        attr.name
    }
}

impl<T: ?Sized> From<Attr<T>> for FieldName {
    fn from(attr: Attr<T>) -> Self {
        attr.name.into()
    }
}

impl<T: ?Sized> From<Attr<T>> for String {
    fn from(attr: Attr<T>) -> Self {
        attr.name.to_owned()
    }
}

impl<T: ?Sized> fmt::Display for Attr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

impl<T: ?Sized> fmt::Debug for Attr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a value is read as.
pub trait Form {
    /// What reading it gives.
    type Read<'a>;

    /// Which types of a table it is the form of.
    const SHAPE: Shape;

    /// Reads a value; none where it is of another form.
    fn read(value: &Value) -> Option<Self::Read<'_>>;
}

/// The forms, as a table's types are compared with them.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is the type of a table that it is read from")]
pub enum Shape {
    Any,
    Bool,
    Int,
    Text,
    Ref,
    Set,
    Object,
}

impl Shape {
    /// Whether what a table writes as `ty` is read so.
    pub const fn is_of(self, ty: &Type) -> bool {
        match ty {
            // Once a record is canonical, one member stands for each.
            Type::OneOrMany(one) => self.is_of(one),
            _ => matches!(
                (self, ty),
                (Self::Any, _)
                    | (Self::Bool, Type::Bool)
                    | (Self::Int, Type::Int(..))
                    | (Self::Text, Type::Text(_) | Type::Choice(_))
                    | (Self::Ref, Type::Ref(..) | Type::Id(_))
                    | (Self::Set, Type::Set(_))
                    | (Self::Object, Type::Object(_))
            ),
        }
    }
}

/// A value that may be written as an attribute of form `T`.
pub trait Of<T: ?Sized>: Into<Value> {}

/// A value that is what it is at run time.
impl<T: ?Sized> Of<T> for Value {}

macro_rules! forms {
    ($($form:ty = $shape:ident, $read:ty, $value:ident => $by:expr, of $($of:ty),*;)*) => {
        $(
            impl Form for $form {
                type Read<'a> = $read;
                const SHAPE: Shape = Shape::$shape;

                fn read($value: &Value) -> Option<Self::Read<'_>> {
                    $by
                }
            }

            $(impl Of<$form> for $of {})*
        )*
    };
}

forms! {
    Value = Any, &'a Value, value => Some(value), of ;
    bool = Bool, bool, value => value.as_bool(), of bool;
    i64 = Int, i64, value => value.as_int(), of i64;
    str = Text, &'a str, value => value.as_text(), of &str, String;
    IpNet = Text, IpNet, value => value.as_text()?.parse().ok(), of &str, String;
    Ipv4Addr = Text, Ipv4Addr, value => value.as_text()?.parse().ok(), of &str, String;
    Ports = Text, Ports, value => value.as_text()?.parse().ok(), of &str, String;
    Ref = Ref, &'a Ref, value => value.as_ref(), of Ref;
    [Value] = Set, &'a [Value], value => value.as_set(), of Vec<Value>;
    Record = Object, &'a Record, value => value.as_map(), of Record;
}

/// A form whose values a record has as text, in their canonical spelling: what is compared, hashed and shown is
/// the spelling, what is reckoned with is the value.
pub trait Spelled: Form {}

impl Spelled for str {}
impl Spelled for IpNet {}
impl Spelled for Ipv4Addr {}
impl Spelled for Ports {}

/// What a value is written under: an attribute, whose form it has, or a name that is data.
pub trait Key<V> {
    /// The name.
    fn name(self) -> FieldName;
}

impl<V: Of<T>, T: ?Sized> Key<V> for Attr<T> {
    fn name(self) -> FieldName {
        self.name.into()
    }
}

impl<V: Into<Value>> Key<V> for &'static str {
    fn name(self) -> FieldName {
        self.into()
    }
}

impl<V: Into<Value>> Key<V> for String {
    fn name(self) -> FieldName {
        self.into()
    }
}

/// The attributes of a kind and the fields of their members, as the constants of a module `attr` beside its
/// table: how each is read, and its name. What it has like other kinds is named below, and first here.
macro_rules! attributes {
    ($([$($shared:ident),+];)? $($constant:ident: $form:ty = $name:literal;)*) => {
        /// The kind's attributes, and the fields of their members.
        pub mod attr {
            use $crate::attr::*;
            $(pub use $crate::attr::{$($shared),+};)?

            $(
                #[doc = concat!("`", $name, "`.")]
                pub const $constant: Attr<$form> = Attr::new($name);
            )*
        }
    };
}

pub(crate) use attributes;

/// The same, each with its own documentation and where it stands.
macro_rules! shared {
    ($($(#[$doc:meta])* $constant:ident: $form:ty = $name:literal;)*) => {
        $($(#[$doc])* pub const $constant: Attr<$form> = Attr::new($name);)*
    };
}

pub(crate) use shared;

shared! {
    /// The VPC that something is in.
    VPC: Ref = "vpc";
    /// The subnet that something is in.
    SUBNET: Ref = "subnet";
    /// The Elastic IP address that something is reached by.
    ELASTIC_IP: Ref = "elastic_ip";
    /// The address of something in its subnet.
    PRIVATE_IP_ADDRESS: Ipv4Addr = "private_ip_address";
    /// What may come in.
    INGRESS: [Value] = "ingress";
    /// What may go out.
    EGRESS: [Value] = "egress";
    /// The protocol that a rule is about.
    PROTOCOL: str = "protocol";
    /// The ports that a rule is about.
    PORT: Ports = "port";
    /// The ICMP type that a rule is about.
    ICMP_TYPE: i64 = "icmp_type";
    /// The ICMP code that a rule is about.
    ICMP_CODE: i64 = "icmp_code";
    /// The range that a rule is about.
    CIDR: IpNet = "cidr";
    /// The tags, which every kind has.
    TAGS: Record = "tags";
}
