//! The allocator of a component: small pieces of memory in lists by their size, everything else as the standard library has it. A transform allocates a
//! hundred small pieces for each record and frees them again, and the standard library's allocator takes longer for them than the work itself does.
//! Small pieces are used again, but never given back: a component keeps what it needed at its peak, and its memory never shrinks in any case.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::UnsafeCell,
    ptr::null_mut,
};

/// Pieces differ in size by this many bytes. Also the most that any of them is aligned to.
const STEP_BYTES: usize = 16;
/// The largest piece, in bytes: what a node of the standard library's trees has, and more.
const SMALL_BYTES_MAX: usize = 1024;
/// What is asked of the standard library at a time, in bytes.
const CHUNK_BYTES: usize = 16 << 10;

const CHUNK: Layout = match Layout::from_size_align(CHUNK_BYTES, STEP_BYTES) {
    Ok(layout) => layout,
    Err(_) => panic!("the step is a power of two"),
};

/// Sizes of pieces.
const CLASSES: usize = SMALL_BYTES_MAX / STEP_BYTES;

/// The allocator. One for each component.
pub struct Allocator {
    lists: UnsafeCell<Lists>,
}

struct Lists {
    /// The first free piece of each size; each free piece begins with a pointer to the next.
    free: [*mut Free; CLASSES],
    /// The rest of the newest chunk.
    rest: *mut u8,
    rest_bytes: usize,
}

struct Free {
    next: *mut Free,
}

// SAFETY: a component has one thread, and nothing here calls out while the lists are borrowed.
unsafe impl Sync for Allocator {}

impl Allocator {
    /// An empty one.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "made once, by the macro, as a constant")]
    pub const fn new() -> Allocator {
        let lists = Lists { free: [null_mut(); CLASSES], rest: null_mut(), rest_bytes: 0 };
        Allocator { lists: UnsafeCell::new(lists) }
    }
}

/// Which list a piece belongs to, if it is small.
#[inline]
fn class(layout: Layout) -> Option<usize> {
    let class = layout.size().wrapping_sub(1) / STEP_BYTES;
    (class < CLASSES && layout.align() <= STEP_BYTES).then_some(class)
}

impl Lists {
    /// A piece of a class whose list is empty, or null where there is no memory.
    #[cold]
    unsafe fn cut(&mut self, class: usize) -> *mut u8 {
        let bytes = (class + 1) * STEP_BYTES;
        if self.rest_bytes < bytes {
            // What is left of the last chunk is too small for this class, and stays unused.
            // SAFETY: the layout is not empty.
            let rest = unsafe { System.alloc(CHUNK) };
            if rest.is_null() {
                return rest;
            }
            (self.rest, self.rest_bytes) = (rest, CHUNK_BYTES);
        }
        let piece = self.rest;
        // SAFETY: the chunk has at least so many bytes left.
        self.rest = unsafe { piece.add(bytes) };
        self.rest_bytes -= bytes;
        piece
    }
}

// SAFETY: pieces of a class are as large as its largest layout and aligned to the step, and are in a list or in use, never both. The rest is the standard
// library's own allocator.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(class) = class(layout) else { return unsafe { System.alloc(layout) } };
        let lists = unsafe { &mut *self.lists.get() };
        let first = lists.free[class];
        if first.is_null() {
            return unsafe { lists.cut(class) };
        }
        lists.free[class] = unsafe { (*first).next };
        first.cast()
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let Some(class) = class(layout) else { return unsafe { System.dealloc(pointer, layout) } };
        let lists = unsafe { &mut *self.lists.get() };
        let piece = pointer.cast::<Free>();
        unsafe { (*piece).next = lists.free[class] };
        lists.free[class] = piece;
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let grown = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (class(layout), class(grown)) {
            (None, None) => return unsafe { System.realloc(pointer, layout, size) },
            (old, new) if old == new => return pointer,
            _ => {}
        }
        unsafe {
            let moved = self.alloc(grown);
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(pointer, layout.size().min(size));
                self.dealloc(pointer, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_do_not_overlap_are_aligned_and_keep_what_is_in_them() {
        let allocator = Allocator::new();
        let mut pieces: Vec<(*mut u8, Layout, u8)> = Vec::new();
        // A fixed sequence that looks random.
        let mut seed = 7_u64;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        for round in 0..20_000 {
            let (fill, size) = (round as u8, 1 + random(1_500));
            match random(3) {
                0 if !pieces.is_empty() => {
                    let (pointer, layout, fill) = pieces.swap_remove(random(pieces.len()));
                    assert!(holds(pointer, layout.size(), fill));
                    unsafe { allocator.dealloc(pointer, layout) };
                }
                1 if !pieces.is_empty() => {
                    let index = random(pieces.len());
                    let (pointer, layout, fill) = pieces[index];
                    let moved = unsafe { allocator.realloc(pointer, layout, size) };
                    assert!(holds(moved, layout.size().min(size), fill));
                    unsafe { moved.write_bytes(fill, size) };
                    pieces[index] = (moved, Layout::from_size_align(size, layout.align()).unwrap(), fill);
                }
                _ => {
                    let layout = Layout::from_size_align(size, 1 << random(8)).unwrap();
                    let pointer = unsafe { allocator.alloc(layout) };
                    assert_eq!(pointer.align_offset(layout.align()), 0);
                    unsafe { pointer.write_bytes(fill, size) };
                    pieces.push((pointer, layout, fill));
                }
            }
        }
        assert!(pieces.iter().all(|(pointer, layout, fill)| holds(*pointer, layout.size(), *fill)));
    }

    #[test]
    fn a_freed_piece_is_used_again() {
        let allocator = Allocator::new();
        let layout = Layout::from_size_align(100, 8).unwrap();
        let first = unsafe { allocator.alloc(layout) };
        unsafe { allocator.dealloc(first, layout) };
        // 97 to 112 bytes are one size.
        assert_eq!(unsafe { allocator.alloc(Layout::from_size_align(112, 16).unwrap()) }, first);
    }

    fn holds(pointer: *mut u8, size: usize, fill: u8) -> bool {
        unsafe { std::slice::from_raw_parts(pointer, size) }.iter().all(|byte| *byte == fill)
    }
}
