//! [`Content`]: the content of a stored response, in blocks of the store's own memory.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};

/// The size of the smallest blocks, in bytes. The size of each block is a power of two.
const SMALLEST: usize = 512;
/// The size of the largest blocks of a content, in bytes.
const LARGEST: usize = 16 << 10;
/// The length up to which a content has its own allocation, in bytes. Allocators find room for it nearly everywhere.
const SHORT: usize = 1 << 10;
/// An estimate of the memory for a block in addition to its bytes: the counter of its clones, and its place in the
/// content.
const BLOCK_OVERHEAD: usize = allocated(80) + size_of::<Bytes>();

/// The memory that an allocator uses for this number of bytes. Most add a word, and round up.
pub(crate) const fn allocated(length: usize) -> usize {
    if length == 0 { 0 } else { (length + 8).next_multiple_of(16) }
}

/// The memory for the contents of one store.
///
/// Contents have all lengths. If the allocator provided the memory of each, the memory of a removed one would rarely
/// fit the next one, and a quarter of the store would be lost to gaps. Each long content therefore consists of blocks
/// whose sizes are powers of two. They are cut from large slabs, and two halves that are free become one block again.
/// If there is no large block, a content gets several small ones, so there is a new slab only when all memory is used.
pub(crate) struct Blocks {
    free: Mutex<Free>,
}

struct Free {
    /// The free blocks by class, which is the binary logarithm of their size in the smallest blocks, and by address.
    by_class: Vec<BTreeMap<usize, Piece>>,
}

/// A part of a slab.
#[derive(Default)]
struct Piece {
    memory: BytesMut,
    /// The address of the slab.
    slab: usize,
}

/// A content that is not complete.
///
/// Its bytes are copied as they arrive. A chunk of an inner service is often a part of a large buffer, which it would
/// keep alive.
pub(crate) struct Draft {
    blocks: Arc<Blocks>,
    /// The content, as long as it is short.
    short: Vec<u8>,
    /// The blocks of a long content, each with the position of its first byte in the content.
    pieces: Vec<(usize, Block)>,
    /// The number of bytes that have room in the blocks.
    room: usize,
    length: usize,
}

/// A block of a content, which is free again when its last user drops it.
struct Block {
    piece: Piece,
    blocks: Arc<Blocks>,
}

/// The content of a stored response.
#[derive(Clone)]
pub(crate) enum Content {
    One(Bytes),
    Several { pieces: Arc<[Bytes]>, length: usize },
}

/// The part of a content that has not been sent.
#[derive(Clone)]
pub(crate) enum Rest {
    One(Bytes),
    Several {
        pieces: Arc<[Bytes]>,
        /// The next piece.
        index: usize,
        /// The number of bytes in front of it that are omitted.
        skipped: usize,
        length: usize,
    },
}

impl Blocks {
    /// Creates the memory of a store with this capacity in bytes. It grows when it is needed.
    pub(crate) fn new(capacity: u64) -> Arc<Self> {
        let slab = usize::try_from(capacity / 64).unwrap_or(usize::MAX).clamp(LARGEST, 1 << 20);
        let classes = class(1 << slab.ilog2()) + 1;
        Arc::new(Self { free: Mutex::new(Free { by_class: (0..classes).map(|_| BTreeMap::new()).collect() }) })
    }

    /// Copies a content.
    pub(crate) fn copy(self: &Arc<Self>, content: &[u8]) -> Content {
        let mut draft = Draft::new(Arc::clone(self));
        draft.append(content, Some(content.len()));
        draft.finish()
    }

    /// Takes blocks for this number of bytes. The last one may be longer than its rest.
    fn take(&self, length: usize) -> Vec<Piece> {
        let mut rest = length.next_multiple_of(SMALLEST);
        let mut taken = Vec::with_capacity(rest / LARGEST + 4);
        let mut free = self.lock();
        while rest > 0 {
            let piece = free.take(LARGEST.min(1 << rest.ilog2()));
            rest -= piece.memory.len();
            taken.push(piece);
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Free {
    /// Takes a block of this size, or a smaller one if there is none.
    fn take(&mut self, size: usize) -> Piece {
        let wanted = class(size);
        let found =
            (wanted..self.by_class.len()).chain((0..wanted).rev()).find_map(|class| self.by_class[class].pop_first());
        let mut piece = found.map_or_else(|| self.slab(), |(_, piece)| piece);
        while piece.memory.len() > size {
            let memory = piece.memory.split_off(piece.memory.len() / 2);
            self.insert(Piece { memory, slab: piece.slab });
        }
        piece
    }

    fn slab(&self) -> Piece {
        let memory = BytesMut::zeroed(SMALLEST << (self.by_class.len() - 1));
        Piece { slab: memory.as_ptr().addr(), memory }
    }

    fn insert(&mut self, piece: Piece) {
        self.by_class[class(piece.memory.len())].insert(piece.address(), piece);
    }

    /// Gives a block back. Returns the slab if it is free and another one is too.
    fn give_back(&mut self, mut piece: Piece) -> Option<Piece> {
        let largest = self.by_class.len() - 1;
        loop {
            let (size, address) = (piece.memory.len(), piece.address());
            let class = class(size);
            if class == largest && !self.by_class[largest].is_empty() {
                return Some(piece);
            }
            // The other half of the block from which it was cut.
            let other = piece.slab + ((address - piece.slab) ^ size);
            let Some(mut other) = self.by_class[class].remove(&other) else {
                self.insert(piece);
                return None;
            };
            if other.address() < address {
                std::mem::swap(&mut piece, &mut other);
            }
            // Without a copy, because they are adjacent in one slab.
            piece.memory.unsplit(other.memory);
        }
    }
}

impl Piece {
    fn address(&self) -> usize {
        self.memory.as_ptr().addr()
    }
}

/// The class of blocks of this size.
fn class(size: usize) -> usize {
    (size / SMALLEST).trailing_zeros() as usize
}

impl Draft {
    pub(crate) const fn new(blocks: Arc<Blocks>) -> Self {
        Self { blocks, short: Vec::new(), pieces: Vec::new(), room: 0, length: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.length
    }

    /// Appends a chunk. `expected` is the length of the complete content, if it is known.
    pub(crate) fn append(&mut self, chunk: &[u8], expected: Option<usize>) {
        let length = self.length + chunk.len();
        if length <= SHORT {
            self.short.extend_from_slice(chunk);
        } else {
            self.make_room(length, expected);
            let short = std::mem::take(&mut self.short);
            self.write(self.length - short.len(), &short);
            self.write(self.length, chunk);
        }
        self.length = length;
    }

    /// Takes blocks for a content of this length, and some in advance. A longer content gets more of them, so that the number
    /// of blocks stays small.
    fn make_room(&mut self, length: usize, expected: Option<usize>) {
        if length <= self.room {
            return;
        }
        let missing = length - self.room;
        let in_advance = self.length.next_power_of_two().min(LARGEST);
        let in_advance = expected.map_or(in_advance, |expected| in_advance.min(expected.saturating_sub(self.room)));
        for piece in self.blocks.take(missing.max(in_advance)) {
            let start = self.room;
            self.room += piece.memory.len();
            self.pieces.push((start, Block { piece, blocks: Arc::clone(&self.blocks) }));
        }
    }

    /// Writes bytes at this place.
    fn write(&mut self, mut place: usize, mut bytes: &[u8]) {
        let first = self.piece_at(place);
        for (start, block) in &mut self.pieces[first..] {
            let room = &mut block.piece.memory[place - *start..];
            let (now, later) = bytes.split_at(bytes.len().min(room.len()));
            room[..now.len()].copy_from_slice(now);
            (place, bytes) = (place + now.len(), later);
            if bytes.is_empty() {
                break;
            }
        }
    }

    /// The index of the block with this place.
    fn piece_at(&self, place: usize) -> usize {
        self.pieces.partition_point(|(start, _)| *start <= place).saturating_sub(1)
    }

    /// Returns a copy of bytes from this place on, at most one block. `None` at the end.
    pub(crate) fn read(&self, place: usize) -> Option<Bytes> {
        if place >= self.length {
            return None;
        }
        let Some((start, block)) = self.pieces.get(self.piece_at(place)) else {
            return self.short.get(place..).map(Bytes::copy_from_slice);
        };
        let end = block.piece.memory.len().min(self.length - start);
        block.piece.memory.get(place - start..end).map(Bytes::copy_from_slice)
    }

    /// Returns the complete content, and gives back the memory that it does not need.
    pub(crate) fn finish(mut self) -> Content {
        if self.pieces.is_empty() {
            return Content::One(Bytes::from(self.short.into_boxed_slice()));
        }
        self.pieces.truncate(self.piece_at(self.length - 1) + 1);
        let last = self.pieces.pop();
        let mut pieces: Vec<Bytes> = self.pieces.into_iter().map(|(_, block)| Bytes::from_owner(block)).collect();
        if let Some((start, mut block)) = last {
            let mut rest = self.length - start;
            loop {
                let size = block.piece.memory.len();
                if size - rest < SMALLEST {
                    break;
                }
                let upper = block.split();
                if rest > size / 2 {
                    pieces.push(Bytes::from_owner(std::mem::replace(&mut block, upper)));
                    rest -= size / 2;
                }
            }
            let block = Bytes::from_owner(block);
            pieces.push(if rest == block.len() { block } else { block.slice(..rest) });
        }
        Content::of_pieces(pieces, self.length)
    }
}

impl Block {
    /// Splits off the upper half.
    fn split(&mut self) -> Self {
        let memory = &mut self.piece.memory;
        let memory = memory.split_off(memory.len() / 2);
        Self { piece: Piece { memory, slab: self.piece.slab }, blocks: Arc::clone(&self.blocks) }
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.piece.memory
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        // A slab is returned to the allocator without the lock.
        let _slab = self.blocks.lock().give_back(piece);
    }
}

impl Content {
    fn of_pieces(mut pieces: Vec<Bytes>, length: usize) -> Self {
        match pieces.pop() {
            Some(only) if pieces.is_empty() => Self::One(only),
            last => Self::Several { pieces: pieces.into_iter().chain(last).collect(), length },
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::One(content) => content.len(),
            Self::Several { length, .. } => *length,
        }
    }

    pub(crate) fn pieces(&self) -> &[Bytes] {
        match self {
            Self::One(content) => std::slice::from_ref(content),
            Self::Several { pieces, .. } => pieces,
        }
    }

    /// The memory that the content uses, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let length = self.len();
        if length <= SHORT {
            // With the counter of its clones.
            return if length == 0 { 0 } else { allocated(length) + allocated(24) };
        }
        self.pieces().iter().map(|piece| piece.len().next_multiple_of(SMALLEST) + BLOCK_OVERHEAD).sum()
    }

    /// Returns the bytes of the content in this range, which may extend beyond the end.
    pub(crate) fn part(&self, range: Range<usize>) -> Rest {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        match self {
            Self::One(content) => Rest::One(content.slice(start..end)),
            Self::Several { pieces, .. } => {
                let (mut index, mut skipped) = (0, start);
                while let Some(piece) = pieces.get(index).filter(|piece| skipped >= piece.len()) {
                    (index, skipped) = (index + 1, skipped - piece.len());
                }
                Rest::Several { pieces: Arc::clone(pieces), index, skipped, length: end - start }
            }
        }
    }

    /// The complete content.
    #[inline]
    pub(crate) fn all(&self) -> Rest {
        match self {
            Self::One(content) => Rest::One(content.clone()),
            Self::Several { pieces, length } => {
                Rest::Several { pieces: Arc::clone(pieces), index: 0, skipped: 0, length: *length }
            }
        }
    }
}

/// Content that is not copied.
impl From<Bytes> for Content {
    fn from(content: Bytes) -> Self {
        Self::One(content)
    }
}

impl Rest {
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::One(content) => content.len(),
            Self::Several { length, .. } => *length,
        }
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The pieces, none of which is empty.
impl Iterator for Rest {
    type Item = Bytes;

    #[inline]
    fn next(&mut self) -> Option<Bytes> {
        if self.is_empty() {
            return None;
        }
        match self {
            Self::One(content) => Some(std::mem::take(content)),
            Self::Several { pieces, index, skipped, length } => {
                let piece = pieces.get(*index)?;
                let end = piece.len().min(skipped.saturating_add(*length));
                let next = if (*skipped, end) == (0, piece.len()) { piece.clone() } else { piece.slice(*skipped..end) };
                (*index, *skipped, *length) = (*index + 1, 0, *length - next.len());
                Some(next)
            }
        }
    }
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks").finish_non_exhaustive()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.len())
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rest({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LENGTHS: [usize; 14] =
        [0, 1, SHORT, SHORT + 1, 2_048, 3_072, 3_073, 15_360, 15_361, 16_383, 16_384, 16_385, 40_000, 100_000];

    fn bytes(length: usize) -> Bytes {
        (0..length).map(|index| (index % 251) as u8).collect()
    }

    fn joined(rest: Rest) -> Vec<u8> {
        let length = rest.len();
        let joined = rest.fold(Vec::new(), |joined, piece| [&joined, &piece[..]].concat());
        assert_eq!(joined.len(), length);
        joined
    }

    /// A content that arrives in chunks of this length.
    fn in_chunks(blocks: &Arc<Blocks>, bytes: &[u8], length: usize, expected: Option<usize>) -> Draft {
        let mut draft = Draft::new(Arc::clone(blocks));
        bytes.chunks(length).for_each(|chunk| draft.append(chunk, expected));
        draft
    }

    #[test]
    fn a_content_of_any_length_is_copied_completely() {
        let blocks = Blocks::new(1 << 20);
        for length in LENGTHS {
            let expected = bytes(length);
            // Several times, and then in blocks that contain an earlier one.
            for (chunk, stated) in [(1_000, None), (777, Some(length)), (100_000, None), (50, Some(2_000_000))] {
                let content = in_chunks(&blocks, &expected, chunk, stated).finish();
                assert_eq!(content.len(), length);
                assert_eq!(joined(content.all()), expected, "{length}");
                let weight = length..length + SMALLEST + content.pieces().len() * BLOCK_OVERHEAD + 1;
                assert!(weight.contains(&content.weight()), "{length}: {}", content.weight());
            }
        }
    }

    #[test]
    fn a_content_in_short_chunks_has_few_blocks() {
        let blocks = Blocks::new(64 << 20);
        let content = in_chunks(&blocks, &bytes(300_000), 10, None).finish();
        assert!((19..30).contains(&content.pieces().len()), "{}", content.pieces().len());
        assert_eq!(content.pieces().iter().filter(|piece| piece.len() % SMALLEST != 0).count(), 1);
    }

    #[test]
    fn a_stated_length_takes_no_memory_before_the_content_arrives() {
        let blocks = Blocks::new(1 << 20);
        let draft = in_chunks(&blocks, &bytes(2_000), 2_000, Some(500_000));
        assert_eq!(draft.room, 2_048);
        let draft = in_chunks(&blocks, &bytes(2_000), 1_025, Some(2_000));
        assert_eq!(draft.room, 2_048, "no more than the rest");
        let draft = in_chunks(&blocks, &bytes(2_000), 1_025, None);
        assert_eq!(draft.room, 3_584, "as much as its content, rounded up");
    }

    #[test]
    fn only_a_short_content_has_its_own_memory() {
        let blocks = Blocks::new(1 << 20);
        for length in LENGTHS {
            let content = blocks.copy(&bytes(length));
            assert_eq!(Arc::strong_count(&blocks) == 1, length <= SHORT, "{length}");
            drop(content);
        }
    }

    /// The number of free bytes.
    fn free(blocks: &Blocks) -> usize {
        let free = blocks.lock();
        free.by_class.iter().enumerate().map(|(class, free)| free.len() * (SMALLEST << class)).sum()
    }

    #[test]
    fn blocks_are_used_again_when_their_last_user_has_dropped_them() {
        let blocks = Blocks::new(64 << 16);
        let content = |length| blocks.copy(&bytes(length));
        let first = content(20_000);
        let places: Vec<_> = first.pieces().iter().map(|piece| piece.as_ptr()).collect();
        let held = first.all();
        drop(first);
        assert_eq!(free(&blocks), 65_536 - 20_480, "a client holds the others");
        drop(held);
        assert_eq!(blocks.lock().by_class.last().unwrap().len(), 1, "the slab is one block again");
        let second = content(20_000);
        assert_eq!(second.pieces()[0].as_ptr(), places[0]);
        let third = content(100_000);
        drop([second, third]);
        assert_eq!(free(&blocks), 64 << 10, "one free slab is kept");
    }

    #[test]
    fn small_blocks_are_used_in_place_of_large_ones() {
        let blocks = Blocks::new(0);
        let all: Vec<_> = (0..7).map(|_| blocks.copy(&bytes(2_048))).collect();
        let few: Vec<_> = all.into_iter().step_by(2).collect();
        let large = blocks.copy(&bytes(8_192));
        assert_eq!(large.pieces().len(), 4);
        assert_eq!(joined(large.all()), bytes(8_192));
        assert_eq!(free(&blocks), 0);
        drop((few, large));
        assert_eq!(free(&blocks), LARGEST);
    }

    #[test]
    fn the_weight_of_long_contents_is_that_of_their_blocks() {
        let blocks = Blocks::new(1 << 20);
        for (length, of_blocks) in [(SHORT + 1, 1_536), (3_072, 3_072), (3_073, 3_584), (16_385, 16_896)] {
            let content = blocks.copy(&bytes(length));
            assert_eq!(content.weight(), of_blocks + content.pieces().len() * BLOCK_OVERHEAD, "{length}");
        }
        for (length, expected) in [(0, 0), (1, 16 + 32), (SHORT, 1_040 + 32)] {
            assert_eq!(blocks.copy(&bytes(length)).weight(), expected, "{length}");
        }
    }

    #[test]
    fn a_part_that_begins_at_a_block_has_no_empty_piece() {
        let expected = bytes(40_000);
        let content = Blocks::new(1 << 20).copy(&expected);
        let mut start = 0;
        for piece in content.pieces() {
            for start in [start, start + 1, start + piece.len() - 1] {
                let pieces: Vec<Bytes> = content.part(start..usize::MAX).collect();
                assert!(pieces.iter().all(|piece| !piece.is_empty()), "{start}");
                assert_eq!(pieces.concat(), expected[start..], "{start}");
            }
            start += piece.len();
        }
        assert!(content.pieces().len() > 2 && content.part(start..usize::MAX).next().is_none());
    }

    proptest! {
        #[test]
        fn a_part_has_the_bytes_of_its_range(length in 0_usize..70_000, start in 0_usize..70_000, size in 0_usize..70_000) {
            let expected = bytes(length);
            let content = Blocks::new(0).copy(&expected);
            let range = start..start + size;
            let end = range.end.min(length);
            prop_assert_eq!(joined(content.part(range)), &expected[start.min(end)..end]);
        }

        #[test]
        fn a_content_can_be_read_while_it_arrives(
            chunks in proptest::collection::vec(0_usize..9_000, 1..20),
            places in proptest::collection::vec(0_usize..90_000, 20),
            stated in proptest::option::of(0_usize..200_000),
        ) {
            let blocks = Blocks::new(64 << 16);
            let expected = bytes(chunks.iter().sum());
            let mut draft = Draft::new(Arc::clone(&blocks));
            for (chunk, place) in chunks.into_iter().zip(places) {
                let from = draft.len();
                draft.append(&expected[from..from + chunk], stated);
                let length = draft.len();
                match draft.read(place) {
                    None => prop_assert!(place >= length),
                    Some(part) => {
                        prop_assert!(!part.is_empty() && place + part.len() <= length);
                        prop_assert_eq!(&part, &expected[place..place + part.len()]);
                    }
                }
            }
            let content = draft.finish();
            prop_assert_eq!(joined(content.all()), expected);
            drop(content);
            prop_assert!(free(&blocks) <= 64 << 10, "the memory is given back");
        }

        #[test]
        fn contents_that_come_and_go_do_not_change_each_other(
            steps in proptest::collection::vec((0_usize..40_000, 0_usize..8), 1..40)
        ) {
            let blocks = Blocks::new(64 << 16);
            let mut known: Vec<(Vec<u8>, Content)> = Vec::new();
            for (number, (length, remove)) in steps.into_iter().enumerate() {
                if remove < known.len() {
                    let (expected, content) = known.swap_remove(remove);
                    prop_assert_eq!(joined(content.all()), expected);
                }
                let expected = vec![number as u8; length];
                let content = blocks.copy(&expected);
                known.push((expected, content));
            }
            for (expected, content) in &known {
                prop_assert_eq!(&joined(content.all()), expected);
            }
            drop(known);
            prop_assert!(free(&blocks) <= 64 << 10);
        }
    }
}
