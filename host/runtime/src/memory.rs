//! Says no when an instance wants more memory than its limit, and remembers that it did: the guest itself mostly dies of it in a way that does not
//! say why.

use wasmtime::ResourceLimiter;

use crate::limits::Limits;

/// Core instances, memories and tables that one component may be made of.
const PARTS_MAX: usize = 64;

/// The memory of one instance.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    memory_bytes_max: usize,
    table_elements_max: usize,
    memory_bytes: usize,
    table_elements: usize,
    /// Whether anything was refused since this was last cleared.
    pub(crate) has_refused: bool,
}

impl MemoryLimiter {
    pub(crate) fn new(limits: &Limits) -> MemoryLimiter {
        MemoryLimiter {
            memory_bytes_max: limits.memory_bytes_max,
            table_elements_max: limits.table_elements_max,
            memory_bytes: 0,
            table_elements: 0,
            has_refused: false,
        }
    }

    /// Bytes that the instance has now, all memories together. Memories never shrink.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }
}

/// Grows a sum if it stays within its limit.
fn grow(sum: &mut usize, current: usize, desired: usize, sum_max: usize) -> bool {
    let grown = *sum + desired.saturating_sub(current);
    let fits = grown <= sum_max;
    if fits {
        *sum = grown;
    }
    fits
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let fits = maximum.is_none_or(|maximum| desired <= maximum)
            && grow(&mut self.memory_bytes, current, desired, self.memory_bytes_max);
        self.has_refused |= !fits;
        Ok(fits)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let fits = maximum.is_none_or(|maximum| desired <= maximum)
            && grow(&mut self.table_elements, current, desired, self.table_elements_max);
        self.has_refused |= !fits;
        Ok(fits)
    }

    fn instances(&self) -> usize {
        PARTS_MAX
    }

    fn tables(&self) -> usize {
        PARTS_MAX
    }

    fn memories(&self) -> usize {
        PARTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_share_one_limit() {
        let mut limiter = MemoryLimiter::new(&Limits { memory_bytes_max: 100, ..Limits::default() });
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert!(!limiter.has_refused);
        assert!(!limiter.memory_growing(60, 61, None).unwrap());
        assert!(limiter.has_refused);
        assert_eq!(limiter.memory_bytes(), 100);
    }
}
