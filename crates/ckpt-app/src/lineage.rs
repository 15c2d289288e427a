//! What a version came from: gathered in `ancestry`, put in order in `rows`, said in words in
//! `facts`, drawn as a graph in two languages.

mod ancestry;
mod dot;
mod facts;
mod graph;
mod mermaid;
mod rows;

use self::graph::Graph;
pub use self::{
    ancestry::{Ancestor, Base, Git, Lineage},
    facts::{Fact, facts, merge},
    rows::{Row, What, rows, summary},
};
use crate::text::Text;

impl Lineage {
    /// Writes the lineage as a graph in the language of Graphviz, line by line.
    pub fn dot(&self) -> Vec<Text> {
        dot::lines(&Graph::new(self, &rows(self)))
    }

    /// Writes the lineage as a graph in the language of Mermaid, line by line.
    pub fn mermaid(&self) -> Vec<Text> {
        mermaid::lines(&Graph::new(self, &rows(self)))
    }
}
