//! An Avro schema as a table of nodes, each with its place in the definition. Built from a definition the Avro library has
//! already accepted; knows no payloads.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::logical::{self, Meaning};
use crate::limits::AVRO_PRECISION_DIGITS_MAX;

/// A compiled definition; node 0 is the root.
pub(crate) struct Model {
    pub nodes: Vec<Node>,
}

pub(crate) struct Node {
    pub kind: Kind,
    /// JSON pointer into the definition.
    pub pointer: String,
    /// The logical type; a decimal with its precision and scale.
    pub logical: Option<String>,
    /// What the logical type means beyond its name, where it is on a type it is made for.
    pub meaning: Option<Meaning>,
}

pub(crate) enum Kind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Array(usize),
    Map(usize),
    Union(Vec<usize>),
    Record {
        name: String,
        aliases: Vec<String>,
        fields: Vec<Field>,
    },
    /// With the symbol that stands for those a reader does not know.
    Enum {
        name: String,
        aliases: Vec<String>,
        symbols: Vec<String>,
        default: Option<String>,
    },
    Fixed {
        name: String,
        aliases: Vec<String>,
        bytes: usize,
    },
}

pub(crate) struct Field {
    pub name: String,
    pub aliases: Vec<String>,
    pub node: usize,
    pub default: Option<Value>,
}

impl Model {
    /// Builds the table; the error names what the definition leaves open.
    pub(crate) fn new(definition: &Value) -> Result<Self, (String, String)> {
        let mut builder = Builder { nodes: Vec::new(), names: HashMap::new() };
        let root = builder.schema(definition, String::new(), None)?;
        // Named types may come first in the table, but the root of a definition is what is built first of all.
        debug_assert_eq!(root, 0, "the root is the first node");
        let mut nodes = builder.nodes;
        for node in &mut nodes {
            node.meaning = logical::meaning(node);
        }
        Ok(Self { nodes })
    }

    /// The name a union branch is tagged with in Avro's JSON encoding.
    pub(crate) fn tag(&self, node: usize) -> &str {
        match &self.nodes[node].kind {
            Kind::Null => "null",
            Kind::Boolean => "boolean",
            Kind::Int => "int",
            Kind::Long => "long",
            Kind::Float => "float",
            Kind::Double => "double",
            Kind::Bytes => "bytes",
            Kind::String => "string",
            Kind::Array(_) => "array",
            Kind::Map(_) => "map",
            Kind::Union(_) => "union",
            Kind::Record { name, .. } | Kind::Enum { name, .. } | Kind::Fixed { name, .. } => name,
        }
    }

    /// The value of a union's branch as JSON: with its tag, unless the union has one branch beside null and the value
    /// cannot be taken for a tagged one.
    pub(crate) fn tagged(&self, branches: &[usize], branch: usize, value: Value) -> Value {
        let tag = self.tag(branch);
        let others = branches.iter().filter(|branch| !matches!(self.nodes[**branch].kind, Kind::Null)).count();
        let looks_tagged = value.as_object().is_some_and(|members| members.len() == 1 && members.contains_key(tag));
        if matches!(self.nodes[branch].kind, Kind::Null) || (others == 1 && !looks_tagged) {
            return value;
        }
        Value::Object(Map::from_iter([(tag.to_owned(), value)]))
    }
}

struct Builder {
    nodes: Vec<Node>,
    names: HashMap<String, usize>,
}

type Refusal = (String, String);

impl Builder {
    fn push(&mut self, kind: Kind, pointer: String, logical: Option<String>) -> usize {
        self.nodes.push(Node { kind, pointer, logical, meaning: None });
        self.nodes.len() - 1
    }

    fn schema(&mut self, json: &Value, pointer: String, namespace: Option<&str>) -> Result<usize, Refusal> {
        match json {
            Value::String(name) => self.named_or_primitive(name, pointer, namespace, None),
            Value::Array(branches) => {
                let union = self.push(Kind::Union(Vec::new()), pointer.clone(), None);
                let mut nodes = Vec::new();
                for (index, branch) in branches.iter().enumerate() {
                    nodes.push(self.schema(branch, format!("{pointer}/{index}"), namespace)?);
                }
                self.nodes[union].kind = Kind::Union(nodes);
                Ok(union)
            }
            Value::Object(members) => match members.get("type") {
                Some(Value::String(name)) => self.object(name, json, pointer, namespace),
                Some(inner) => self.schema(inner, format!("{pointer}/type"), namespace),
                None => Err(("a schema without a type".into(), pointer)),
            },
            _ => Err(("a schema is a name, an object or an array".into(), pointer)),
        }
    }

    fn object(&mut self, kind: &str, json: &Value, pointer: String, namespace: Option<&str>) -> Result<usize, Refusal> {
        let logical = json.get("logicalType").and_then(Value::as_str).map(|name| match name {
            "decimal" => {
                let figure = |keyword: &str| json.get(keyword).and_then(Value::as_u64).unwrap_or(0);
                format!("decimal({},{})", figure("precision"), figure("scale"))
            }
            _ => name.to_owned(),
        });
        let precision = json.get("precision").and_then(Value::as_u64).unwrap_or(0);
        if logical.as_deref().is_some_and(|name| name.starts_with("decimal("))
            && precision > AVRO_PRECISION_DIGITS_MAX as u64
        {
            let message =
                format!("a precision of {precision} digits, at most {AVRO_PRECISION_DIGITS_MAX} are possible");
            return Err((message, format!("{pointer}/precision")));
        }
        match kind {
            "array" | "map" => {
                let keyword = if kind == "array" { "items" } else { "values" };
                let missing = || (format!("{kind} without {keyword}"), pointer.clone());
                let inner = json.get(keyword).ok_or_else(missing)?;
                let node = self.push(Kind::Null, pointer.clone(), logical);
                let inner = self.schema(inner, format!("{pointer}/{keyword}"), namespace)?;
                self.nodes[node].kind = if kind == "array" { Kind::Array(inner) } else { Kind::Map(inner) };
                Ok(node)
            }
            "record" | "error" | "enum" | "fixed" => self.named(kind, json, pointer, namespace, logical),
            _ => self.named_or_primitive(kind, pointer, namespace, logical),
        }
    }

    fn named(
        &mut self,
        kind: &str,
        json: &Value,
        pointer: String,
        namespace: Option<&str>,
        logical: Option<String>,
    ) -> Result<usize, Refusal> {
        let name = json.get("name").and_then(Value::as_str).unwrap_or_default();
        let namespace = json.get("namespace").and_then(Value::as_str).or(namespace);
        let name = full_name(name, namespace);
        let node = self.push(Kind::Null, pointer.clone(), logical);
        self.names.insert(name.clone(), node);
        let inner = name.rsplit_once('.').map(|(namespace, _)| namespace.to_owned());
        self.nodes[node].kind = match kind {
            "enum" => {
                let symbols = json.get("symbols").and_then(Value::as_array).into_iter().flatten();
                let symbols = symbols.filter_map(Value::as_str).map(str::to_owned).collect();
                let default = json.get("default").and_then(Value::as_str).map(str::to_owned);
                Kind::Enum { name, aliases: aliases(json), symbols, default }
            }
            "fixed" => {
                let bytes = json.get("size").and_then(Value::as_u64).unwrap_or(0);
                Kind::Fixed { name, aliases: aliases(json), bytes: usize::try_from(bytes).unwrap_or(usize::MAX) }
            }
            _ => {
                let mut fields = Vec::new();
                for (index, field) in json.get("fields").and_then(Value::as_array).into_iter().flatten().enumerate() {
                    let place = format!("{pointer}/fields/{index}");
                    let schema =
                        field.get("type").ok_or_else(|| ("a field without a type".to_owned(), place.clone()))?;
                    // A field may spell its complex type without an object of its own.
                    let bare =
                        schema.as_str().is_some_and(|kind| ["array", "map", "record", "enum", "fixed"].contains(&kind));
                    let (schema, inner_place) = if bare { (field, place) } else { (schema, format!("{place}/type")) };
                    fields.push(Field {
                        name: field.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
                        aliases: aliases(field),
                        node: self.schema(schema, inner_place, inner.as_deref())?,
                        default: field.get("default").cloned(),
                    });
                }
                Kind::Record { name, aliases: aliases(json), fields }
            }
        };
        Ok(node)
    }

    fn named_or_primitive(
        &mut self,
        name: &str,
        pointer: String,
        namespace: Option<&str>,
        logical: Option<String>,
    ) -> Result<usize, Refusal> {
        let kind = match name {
            "null" => Kind::Null,
            "boolean" => Kind::Boolean,
            "int" => Kind::Int,
            "long" => Kind::Long,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "bytes" => Kind::Bytes,
            "string" => Kind::String,
            _ => {
                let known = self.names.get(&full_name(name, namespace)).or_else(|| self.names.get(name));
                return known
                    .copied()
                    .ok_or_else(|| (format!("type '{name}' is not defined before it is used"), pointer));
            }
        };
        Ok(self.push(kind, pointer, logical))
    }
}

fn aliases(json: &Value) -> Vec<String> {
    let names = json.get("aliases").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn full_name(name: &str, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) if !name.contains('.') && !namespace.is_empty() => format!("{namespace}.{name}"),
        _ => name.to_owned(),
    }
}
