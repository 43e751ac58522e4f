//! How much work one payload makes under one schema: the number of times any subschema meets any value, counted before
//! validating. The validator itself cannot be stopped half-way, and `anyOf` over two ways into the same items doubles the
//! work with every level of the data. Counts structure only; an over-estimate, because the validator stops early.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::cost::Index;
use crate::{
    json::locate::pointer_of,
    limits::{RECURSIVE_WORK_VISITS_MAX, WORK_VISITS_MAX},
};

/// The subschemas of a definition and what each applies to what.
pub(crate) struct Work {
    nodes: Vec<Node>,
    /// Some subschema can meet its own descendants.
    recursive: bool,
    /// Most subschemas that one value meets.
    visits_max: u64,
}

/// Where one subschema leads. All are indexes of nodes.
#[derive(Default)]
struct Node {
    /// On the same value.
    same: Vec<usize>,
    /// On the property of that name.
    property: HashMap<String, usize>,
    /// On properties that are not named: by pattern, or all others.
    other: Vec<usize>,
    /// On the item at that index.
    place: Vec<usize>,
    /// On any item.
    item: Vec<usize>,
}

/// How often each node meets one value.
type Met = BTreeMap<usize, u64>;

impl Work {
    pub(crate) fn new(index: &Index<'_>, visits_max: u64) -> Self {
        let mut build = Build { index, numbers: HashMap::new(), nodes: Vec::new(), open: Vec::new() };
        build.number(String::new());
        while let Some(pointer) = build.open.pop() {
            build.connect(&pointer);
        }
        let recursive = is_recursive(&build.nodes);
        Self { nodes: build.nodes, recursive, visits_max }
    }

    /// The limit that holds for this schema, in visits.
    pub(crate) fn visits_limit(&self) -> u64 {
        if self.recursive { RECURSIVE_WORK_VISITS_MAX } else { WORK_VISITS_MAX }
    }

    /// Whether validating `value`, parsed from `bytes` bytes, stays within the limit.
    pub(crate) fn is_bounded(&self, value: &Value, bytes: usize) -> bool {
        // A value takes at least a byte of text.
        let values = u64::try_from(bytes).unwrap_or(u64::MAX);
        if !self.recursive && values.saturating_mul(self.visits_max) <= WORK_VISITS_MAX {
            return true;
        }
        let mut left = self.visits_limit();
        let mut open = vec![(value, self.here(&Met::from([(0, 1)])))];
        while let Some((value, met)) = open.pop() {
            let visits = met.values().fold(0, |sum: u64, times| sum.saturating_add(*times));
            let Some(rest) = left.checked_sub(visits) else { return false };
            left = rest;
            match value {
                Value::Object(members) => {
                    open.extend(members.iter().map(|(name, child)| (child, self.below(&met, |node| node.named(name)))));
                }
                Value::Array(items) => {
                    let children = items.iter().enumerate();
                    open.extend(children.map(|(at, child)| (child, self.below(&met, |node| node.at(at)))));
                }
                _ => {}
            }
            open.retain(|(_, met)| !met.is_empty());
        }
        true
    }

    fn below(&self, met: &Met, into: impl Fn(&Node) -> Vec<usize>) -> Met {
        let mut first = Met::new();
        for (node, times) in met {
            for next in into(&self.nodes[*node]) {
                let known = first.entry(next).or_default();
                *known = known.saturating_add(*times);
            }
        }
        self.here(&first)
    }

    /// Everything that meets the same value once `first` do. Ends, because the check before compiling refuses
    /// subschemas that come back to themselves on the same value.
    fn here(&self, first: &Met) -> Met {
        let mut all = Met::new();
        let mut open: Met = first.clone();
        while !open.is_empty() {
            let mut next = Met::new();
            for (node, times) in open {
                let known = all.entry(node).or_default();
                *known = known.saturating_add(times);
                for same in &self.nodes[node].same {
                    let known = next.entry(*same).or_default();
                    *known = known.saturating_add(times);
                }
            }
            open = next;
        }
        all
    }
}

impl Node {
    fn named(&self, name: &str) -> Vec<usize> {
        self.property.get(name).into_iter().chain(&self.other).copied().collect()
    }

    fn at(&self, index: usize) -> Vec<usize> {
        self.place.get(index).into_iter().chain(&self.item).copied().collect()
    }

    fn leads_to(&self) -> impl Iterator<Item = usize> {
        let below = self.property.values().chain(&self.other).chain(&self.place).chain(&self.item);
        self.same.iter().chain(below).copied()
    }
}

struct Build<'a> {
    index: &'a Index<'a>,
    numbers: HashMap<String, usize>,
    nodes: Vec<Node>,
    open: Vec<String>,
}

impl Build<'_> {
    fn number(&mut self, pointer: String) -> usize {
        if let Some(number) = self.numbers.get(&pointer) {
            return *number;
        }
        self.nodes.push(Node::default());
        self.numbers.insert(pointer.clone(), self.nodes.len() - 1);
        self.open.push(pointer);
        self.nodes.len() - 1
    }

    fn connect(&mut self, pointer: &str) {
        let mut node = Node { same: self.numbers_of(self.index.applied(pointer)), ..Node::default() };
        if let Some(Value::Object(members)) = self.index.at(pointer) {
            for (keyword, value) in members {
                self.descend(&mut node, pointer, keyword, value);
            }
        }
        let number = self.numbers[pointer];
        self.nodes[number] = node;
    }

    fn descend(&mut self, node: &mut Node, pointer: &str, keyword: &str, value: &Value) {
        let below = format!("{pointer}/{keyword}");
        match (keyword, value) {
            ("properties", Value::Object(cases)) => {
                for name in cases.keys() {
                    let number = self.number(format!("{below}{}", pointer_of(std::slice::from_ref(name))));
                    node.property.insert(name.clone(), number);
                }
            }
            ("patternProperties", Value::Object(cases)) => {
                let pointers = cases.keys().map(|name| format!("{below}{}", pointer_of(std::slice::from_ref(name))));
                node.other.extend(self.numbers_of(pointers.collect()));
            }
            ("additionalProperties" | "unevaluatedProperties" | "propertyNames", Value::Object(_)) => {
                node.other.push(self.number(below));
            }
            ("prefixItems" | "items", Value::Array(places)) => {
                let pointers = (0..places.len()).map(|at| format!("{below}/{at}"));
                node.place.extend(self.numbers_of(pointers.collect()));
            }
            ("items" | "additionalItems" | "unevaluatedItems" | "contains", Value::Object(_)) => {
                node.item.push(self.number(below));
            }
            _ => {}
        }
    }

    fn numbers_of(&mut self, pointers: Vec<String>) -> Vec<usize> {
        pointers.into_iter().map(|pointer| self.number(pointer)).collect()
    }
}

/// Whether some node can reach itself: what is left after all nodes without a way into the rest are taken away.
fn is_recursive(nodes: &[Node]) -> bool {
    let mut ways_in = vec![0_usize; nodes.len()];
    nodes.iter().flat_map(Node::leads_to).for_each(|next| ways_in[next] += 1);
    let mut open: BTreeSet<usize> = (0..nodes.len()).filter(|node| ways_in[*node] == 0).collect();
    let mut taken = 0;
    while let Some(node) = open.pop_first() {
        taken += 1;
        for next in nodes[node].leads_to() {
            ways_in[next] -= 1;
            if ways_in[next] == 0 {
                open.insert(next);
            }
        }
    }
    taken < nodes.len()
}
