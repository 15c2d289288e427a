//! Refs: names for versions, each a chain of moves.
//!
//! [`store`] swaps a ref's file; [`gates`] makes the record of every move, whatever makes it; [`moves`]
//! writes it and lists refs; [`guards`] and [`rollback`] are further ways to move, and [`audit`] reads
//! the chain.

pub(crate) mod audit;
pub(crate) mod condition;
pub(crate) mod gates;
pub(crate) mod guards;
pub(crate) mod moves;
pub(crate) mod name;
pub(crate) mod rollback;
pub(crate) mod store;
