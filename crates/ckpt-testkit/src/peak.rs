//! The most memory that a call takes, as the allocator sees it.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// The system's allocator, counting what each thread has.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Bytes that this thread has, and the most that it had.
    static LIVE: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn count(bytes: isize) {
    let (live, most) = LIVE.get();
    LIVE.set((live + bytes, most.max(live + bytes)));
}

// SAFETY: every call is passed on to the system's allocator as it is; counting neither allocates
// nor looks at the memory.
#[expect(unsafe_code, reason = "allocators are unsafe by nature")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as this function's caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as this function's caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as this function's caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Gives the most bytes that a call has at once, on this thread.
pub fn peak(run: impl FnOnce()) -> usize {
    let (start, _) = LIVE.get();
    LIVE.set((start, start));
    run();
    (LIVE.get().1 - start) as usize
}
