//! [`Memo`]: the tags of bodies that are sent repeatedly from the same address.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};
use std::sync::{Mutex, OnceLock};

use bytes::Bytes;
use http::HeaderValue;

use crate::policy::{Recent, short_hash};
use crate::protocol::EntityTag;

/// The tags of shared bodies, such as a static page or a page that the application caches.
///
/// An address contains the same bytes as long as a [`Bytes`] handle to them exists, so the memo has a handle to the body
/// of each entry.
///
/// To find a tag, threads only read the memory that they share. A lock or a counter would take this memory away from all
/// other threads, which takes longer than hashing a small page.
#[derive(Default)]
pub(super) struct Memo {
    /// Allocated for the first entry, because most services have none.
    table: OnceLock<Box<Table>>,
}

/// The number of bodies in the memo. Each body can be in only one slot.
const SLOTS: usize = 64;

/// A body becomes an entry when a thread has hashed it this many times. The bodies of a proxy are slices of a shared
/// buffer too, but each is sent only once.
const HASHES: u64 = 3;

/// The maximum length of a content type in the memo, in bytes.
const LONGEST_CONTENT_TYPE: usize = 128;

/// The maximum length of a tag in the memo, in bytes. A generated tag has at most 36.
const LONGEST_TAG: usize = 40;

struct Table {
    slots: [Slot; SLOTS],
    /// The bodies of the entries, with their slots. Slots change only under this lock.
    held: Mutex<Vec<(usize, Bytes)>>,
}

/// An entry. Its parts are atomic, because it may change while a thread reads it.
struct Slot {
    /// Odd during a change. A thread has read a single entry if the version was even before and is the same after.
    version: AtomicU64,
    address: AtomicU64,
    length: AtomicU64,
    /// Whether the memo has a handle to the body. Without one, the address may contain other bytes.
    is_held: AtomicBool,
    tag_length: AtomicU8,
    type_length: AtomicU8,
    tag: [AtomicU64; LONGEST_TAG / 8],
    content_type: [AtomicU64; LONGEST_CONTENT_TYPE / 8],
}

/// The result of a lookup.
enum Found {
    Tag(EntityTag),
    /// The body was an entry and was released.
    Released,
    Nothing,
}

/// The address and length of a body, and its content type.
#[derive(Clone, Copy)]
struct Key<'a> {
    address: u64,
    length: u64,
    content_type: &'a [u8],
    /// The length of the content type plus one, or zero without one.
    type_length: u8,
}

impl Memo {
    /// Returns the stored tag of `content` with this content type, or the result of `hash`.
    pub(super) fn tag_of(
        &self,
        content: &Bytes,
        content_type: Option<&HeaderValue>,
        hash: impl FnOnce() -> EntityTag,
    ) -> EntityTag {
        // A body with a single handle belongs to one response.
        if content.is_unique() || content_type.is_some_and(|value| value.len() > LONGEST_CONTENT_TYPE) {
            return hash();
        }
        let key = Key::of(content, content_type);
        let fingerprint = key.fingerprint();
        let slot = slot_of(fingerprint);
        let found = self.table.get().map_or(Found::Nothing, |table| table.slots[slot].read(key));
        if let Found::Tag(tag) = found {
            return tag;
        }
        let tag = hash();
        let was_entry = matches!(found, Found::Released);
        if was_entry || hashes_of(slot, fingerprint) == HASHES {
            self.table.get_or_init(Box::default).add(slot, content, key, &tag, was_entry);
        }
        tag
    }
}

thread_local! {
    /// For each slot, the fingerprint of the last body that this thread has hashed, and in its lowest bits how often.
    /// Each thread has its own, so that a body that is sent a few times writes to no memory that threads share.
    static HASHED: [Cell<u64>; SLOTS] = const { [const { Cell::new(0) }; SLOTS] };
}

/// The bits of a fingerprint in which the hashes are counted.
const COUNT: u64 = 3;

/// Counts another hash of a body. Returns how often this thread has hashed it. After [`HASHES`], the count starts again.
/// Two bodies with the same fingerprint only become entries sooner.
fn hashes_of(slot: usize, fingerprint: u64) -> u64 {
    HASHED.with(|hashed| {
        let (last, before) = (hashed[slot].get() & !COUNT, hashed[slot].get() & COUNT);
        let hashes = if last == fingerprint { before % HASHES + 1 } else { 1 };
        hashed[slot].set(fingerprint | hashes);
        hashes
    })
}

impl Default for Table {
    fn default() -> Self {
        Self { slots: [const { Slot::new() }; SLOTS], held: Mutex::default() }
    }
}

impl Table {
    /// Adds an entry, unless another thread is adding one.
    ///
    /// Releases all other bodies when a new one is added. The memo cannot know whether the application still has a body:
    /// all slices of one buffer share it, and a body with an owner is never unique. A released body that is sent again
    /// is hashed once and becomes an entry immediately.
    fn add(&self, slot: usize, content: &Bytes, key: Key<'_>, tag: &EntityTag, was_entry: bool) {
        if tag.as_bytes().len() > LONGEST_TAG {
            return;
        }
        let Ok(mut held) = self.held.try_lock() else { return };
        let released: Vec<_> = held.extract_if(.., |(other, _)| !was_entry || *other == slot).collect();
        // A new body can only have the address of a released one after its slot has changed.
        released.iter().for_each(|(other, _)| self.slots[*other].release());
        self.slots[slot].write(key, tag.as_bytes());
        held.push((slot, content.clone()));
        // A body with an owner can run code of the application when it is dropped, so nothing is locked then.
        drop(held);
        drop(released);
    }
}

impl Slot {
    const fn new() -> Self {
        Self {
            version: AtomicU64::new(0),
            address: AtomicU64::new(0),
            length: AtomicU64::new(0),
            is_held: AtomicBool::new(false),
            tag_length: AtomicU8::new(0),
            type_length: AtomicU8::new(0),
            tag: [const { AtomicU64::new(0) }; LONGEST_TAG / 8],
            content_type: [const { AtomicU64::new(0) }; LONGEST_CONTENT_TYPE / 8],
        }
    }

    fn read(&self, key: Key<'_>) -> Found {
        let version = self.version.load(Ordering::Acquire);
        if self.address.load(Ordering::Relaxed) != key.address
            || self.length.load(Ordering::Relaxed) != key.length
            || self.type_length.load(Ordering::Relaxed) != key.type_length
            || !words(key.content_type)
                .zip(&self.content_type)
                .all(|(word, stored)| stored.load(Ordering::Relaxed) == word)
        {
            return Found::Nothing;
        }
        let is_held = self.is_held.load(Ordering::Relaxed);
        let tag = self.tag.each_ref().map(|word| word.load(Ordering::Relaxed).to_le_bytes());
        let text = tag.as_flattened().get(..usize::from(self.tag_length.load(Ordering::Relaxed)));
        fence(Ordering::Acquire);
        if !version.is_multiple_of(2) || self.version.load(Ordering::Relaxed) != version {
            return Found::Nothing;
        }
        match text.filter(|_| is_held).and_then(tag_with) {
            Some(tag) => Found::Tag(tag),
            None => Found::Released,
        }
    }

    fn write(&self, key: Key<'_>, tag: &[u8]) {
        self.change(|| {
            let store = |(stored, word): (&AtomicU64, u64)| stored.store(word, Ordering::Relaxed);
            store((&self.address, key.address));
            store((&self.length, key.length));
            self.is_held.store(true, Ordering::Relaxed);
            self.tag_length.store(tag.len() as u8, Ordering::Relaxed);
            self.type_length.store(key.type_length, Ordering::Relaxed);
            self.tag.iter().zip(words(tag)).for_each(store);
            self.content_type.iter().zip(words(key.content_type)).for_each(store);
        });
    }

    fn release(&self) {
        self.change(|| self.is_held.store(false, Ordering::Relaxed));
    }

    fn change(&self, change: impl FnOnce()) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        change();
        self.version.store(version.wrapping_add(2), Ordering::Release);
    }
}

impl<'a> Key<'a> {
    fn of(content: &Bytes, content_type: Option<&'a HeaderValue>) -> Self {
        Self {
            address: content.as_ptr().addr() as u64,
            length: content.len() as u64,
            content_type: content_type.map_or(&[], HeaderValue::as_bytes),
            type_length: content_type.map_or(0, |line| line.len() as u8 + 1),
        }
    }

    /// Returns a number whose lowest bits are free for a count. Two content types of the same length replace each other.
    fn fingerprint(self) -> u64 {
        // Fibonacci hashing: alignment makes some low bits zero, so the slot comes from the high bits.
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let place = self.address ^ self.length.rotate_left(32) ^ u64::from(self.type_length).rotate_left(56);
        place.wrapping_mul(GOLDEN) & !COUNT
    }
}

fn slot_of(fingerprint: u64) -> usize {
    (fingerprint >> (u64::BITS - SLOTS.ilog2())) as usize
}

/// Returns the tag with this text. Each thread has its own tags, because all clones of a tag share a counter.
fn tag_with(text: &[u8]) -> Option<EntityTag> {
    thread_local!(static TAGS: Recent<Option<EntityTag>> = const { Recent::new() });
    let is_wanted = |known: &Option<EntityTag>| known.as_ref().is_some_and(|known| known.as_bytes() == text);
    let make = || HeaderValue::from_bytes(text).ok().map(EntityTag::from_valid);
    (*Recent::recall(&TAGS, short_hash(text), is_wanted, make)).clone()
}

/// Returns the bytes as numbers of eight bytes. The last one is padded with zeros.
fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks(8).map(|chunk| match chunk.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => chunk.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    })
}

/// A clone is empty, because a layer is cloned to change its settings.
impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Omits the content of the bodies.
impl fmt::Debug for Memo {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Returns the number of hashes when these bodies are sent one after the other.
    fn hashed<'a>(memo: &Memo, bodies: impl IntoIterator<Item = &'a Bytes>) -> usize {
        let hashed = Cell::new(0);
        for body in bodies {
            let tag = memo.tag_of(body, None, || {
                hashed.set(hashed.get() + 1);
                tag_like(body)
            });
            assert_eq!(tag, tag_like(body), "the memo returned the tag of another body");
        }
        hashed.get()
    }

    fn tag_like(body: &Bytes) -> EntityTag {
        let digits: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
        EntityTag::parse(format!("\"{digits}\"").as_bytes()).unwrap()
    }

    fn is_held(body: &Bytes) -> bool {
        !body.is_unique()
    }

    /// Returns the slots with an entry.
    fn entries(memo: &Memo) -> usize {
        let table = memo.table.get().unwrap();
        let held = table.slots.iter().filter(|slot| slot.is_held.load(Ordering::Relaxed)).count();
        assert_eq!(held, table.held.lock().unwrap().len(), "a slot and its handle differ");
        held
    }

    #[test]
    fn a_shared_body_is_hashed_three_times() {
        let body = Bytes::from_static(b"hello");
        assert_eq!(hashed(&Memo::default(), std::iter::repeat_n(&body, 10)), 3);
    }

    #[test]
    fn a_body_with_one_handle_is_always_hashed_and_never_held() {
        let memo = Memo::default();
        let body = Bytes::from(b"hello".to_vec());
        assert_eq!(hashed(&memo, std::iter::repeat_n(&body, 10)), 10);
        assert!(memo.table.get().is_none());
    }

    #[test]
    fn slices_that_are_sent_once_or_twice_are_not_held() {
        let memo = Memo::default();
        let buffer = Bytes::from(vec![7; 4096]);
        let slices: Vec<_> = (0..16).map(|n| buffer.slice(n * 256..(n + 1) * 256)).collect();
        assert_eq!(hashed(&memo, slices.iter().flat_map(|slice| [slice, slice])), 32);
        drop(slices);
        assert!(!is_held(&buffer));
    }

    #[test]
    fn bodies_of_different_length_at_the_same_address_have_different_tags() {
        let memo = Memo::default();
        let buffer = Bytes::from_static(b"hello world");
        let (long, short) = (buffer.clone(), buffer.slice(..5));
        let hashed = hashed(&memo, [&long, &long, &long, &short, &short, &short, &long, &short]);
        // Eight if both share a slot.
        assert!((6..=8).contains(&hashed), "{hashed}");
    }

    #[test]
    fn a_body_is_released_when_another_is_added() {
        let memo = Memo::default();
        let old = Bytes::from(b"old".to_vec());
        let also_held = old.clone();
        assert_eq!(hashed(&memo, [&old; 5]), 3);
        drop(also_held);
        assert!(is_held(&old), "the memo released the body");
        drop(old);
        assert_eq!(entries(&memo), 1);
        let new = Bytes::from_static(b"new");
        hashed(&memo, [&new; 3]);
        assert_eq!(entries(&memo), 1);
    }

    #[test]
    fn all_slices_of_a_buffer_are_released() {
        let memo = Memo::default();
        let buffer = Bytes::from(vec![7; 4096]);
        let (a, b) = (buffer.slice(..10), buffer.slice(10..28));
        hashed(&memo, [&a, &a, &a, &b, &b, &b, &a, &b]);
        drop((a, b));
        assert!(is_held(&buffer), "the memo released the buffer");
        let new = Bytes::from_static(b"new");
        hashed(&memo, [&new; 3]);
        assert!(!is_held(&buffer));
    }

    #[test]
    fn a_released_body_is_hashed_only_once_more() {
        let memo = Memo::default();
        let (old, new) = (Bytes::from_static(b"old"), Bytes::from_static(b"newer"));
        assert_eq!(hashed(&memo, [&old, &old, &old, &old, &new, &new, &new, &new]), 6);
        assert_eq!(hashed(&memo, [&old, &old, &old, &new, &old, &new]), 1, "adding it again released another body");
    }

    #[test]
    fn other_bytes_at_the_address_of_a_released_body_are_hashed() {
        let address = |bytes: &'static [u8]| Key { address: 4_096, ..Key::of(&Bytes::from_static(bytes), None) };
        let slot = Slot::new();
        let (key, tag) = (address(b"old"), tag_like(&Bytes::from_static(b"old")));
        slot.write(key, tag.as_bytes());
        assert!(matches!(slot.read(key), Found::Tag(found) if found == tag));
        assert!(matches!(slot.read(address(b"longer")), Found::Nothing));
        slot.release();
        assert!(matches!(slot.read(key), Found::Released));
    }

    #[test]
    fn each_content_type_has_its_own_tag() {
        let memo = Memo::default();
        let body = Bytes::from_static(b"hello");
        let long = ["a".repeat(LONGEST_CONTENT_TYPE), format!("{}b", "a".repeat(LONGEST_CONTENT_TYPE - 1))];
        let types =
            ["", "text/html", "text/plain", "text/xxxx", "text/xxxxxxxxxxx", "text/xxxxxxxxxxy", &long[0], &long[1]];
        for (index, content_type) in [types; 5].iter().flat_map(|types| types.iter().enumerate()) {
            let content_type = HeaderValue::from_str(content_type).unwrap();
            let tag = EntityTag::strong(index.to_string()).unwrap();
            for _ in 0..4 {
                assert_eq!(memo.tag_of(&body, Some(&content_type), || tag.clone()), tag, "{content_type:?}");
            }
        }
        let untyped = EntityTag::strong("without").unwrap();
        assert_eq!(memo.tag_of(&body, None, || untyped.clone()), untyped);
    }

    #[test]
    fn a_content_type_from_a_large_buffer_is_copied() {
        let memo = Memo::default();
        let buffer = Bytes::from(vec![b'a'; 4096]);
        let body = Bytes::from_static(b"hello");
        for _ in 0..4 {
            let content_type = HeaderValue::from_maybe_shared(buffer.slice(..9)).unwrap();
            memo.tag_of(&body, Some(&content_type), || tag_like(&body));
        }
        assert!(!is_held(&buffer));
    }

    #[test]
    fn a_memo_never_holds_more_bodies_than_slots() {
        let memo = Memo::default();
        let bodies: Vec<_> = (0..1_000u32).map(|n| Bytes::from(n.to_be_bytes().to_vec())).collect();
        let shared = bodies.clone();
        for _ in 0..3 {
            hashed(&memo, bodies.iter().flat_map(|body| [body; 3]));
        }
        drop(shared);
        let held = bodies.iter().filter(|body| is_held(body)).count();
        assert!((1..=SLOTS).contains(&held), "{held}");
    }

    #[test]
    fn tags_are_found_while_another_thread_has_the_lock() {
        let memo = Memo::default();
        let (known, new) = (Bytes::from_static(b"known"), Bytes::from_static(b"new"));
        hashed(&memo, [&known; 3]);
        let lock = memo.table.get().unwrap().held.lock().unwrap();
        assert_eq!(hashed(&memo, [&known; 3]), 0);
        assert_eq!(hashed(&memo, [&new; 10]), 10, "nothing waits for the lock");
        drop(lock);
        assert!(hashed(&memo, [&new; 10]) <= 3);
    }

    #[test]
    fn an_entry_that_changes_is_not_used() {
        let memo = Memo::default();
        let body = Bytes::from_static(b"hello");
        hashed(&memo, [&body; 3]);
        let slot = slot_of(Key::of(&body, None).fingerprint());
        memo.table.get().unwrap().slots[slot].change(|| assert_eq!(hashed(&memo, [&body]), 1));
        assert_eq!(hashed(&memo, [&body]), 0);
    }

    #[test]
    fn a_reader_never_gets_parts_of_two_tags() {
        let (slot, body) = (Slot::new(), Bytes::from_static(b"hello"));
        let key = Key::of(&body, None);
        let tags = ["a", "b"].map(|letter| EntityTag::strong(letter.repeat(30)).unwrap());
        let reads = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for tag in tags.iter().cycle().take(20_000) {
                    slot.write(key, tag.as_bytes());
                    (0..200).for_each(|_| std::hint::spin_loop());
                }
            });
            let mut reads = 0;
            while !writer.is_finished() {
                match slot.read(key) {
                    Found::Tag(found) => {
                        assert!(tags.contains(&found), "{found}");
                        reads += 1;
                    }
                    Found::Released => panic!("the body is held"),
                    Found::Nothing => {}
                }
            }
            reads
        });
        assert!(reads > 0, "no read was complete");
    }

    /// The allocator uses the addresses of released bodies again.
    #[test]
    fn threads_that_add_and_release_bodies_find_no_tag_of_another_body() {
        let memo = Memo::default();
        std::thread::scope(|scope| {
            for thread in 0..4u8 {
                let memo = &memo;
                scope.spawn(move || {
                    for round in 0..2_000u32 {
                        let body = Bytes::from([&[thread][..], &round.to_be_bytes()].concat());
                        let shared = body.clone();
                        hashed(memo, [&shared; 5]);
                    }
                });
            }
        });
        assert!(entries(&memo) <= SLOTS);
    }
}
