//! A SmartModule is a component of its own for each kind of work: see `examples`. Nothing is shared between them.
