//! [`Memory`]: the tags of bodies that come again as the very same bytes in memory.

use std::fmt;
use std::sync::{OnceLock, RwLock};

use bytes::Bytes;
use http::HeaderValue;

use crate::protocol::EntityTag;

/// The tags of shared bodies, such as a static page or one that the application caches: the
/// same place in memory has the same bytes for as long as a handle to them exists, and the
/// memory has one.
///
/// A lock is only ever tried. A caller that finds it taken hashes, as without a memory.
#[derive(Default)]
pub(super) struct Memory {
    /// Made when the first shared body comes: most services have none.
    slots: OnceLock<Box<[RwLock<Slot>]>>,
}

/// How many bodies are remembered. Each has one slot that it can be in.
const SLOTS: usize = 64;

/// Content types that are longer are not remembered.
const LONGEST_CONTENT_TYPE: usize = 128;

#[derive(Default)]
struct Slot {
    remembered: Option<Remembered>,
    /// What came last and was not remembered. It is at its second time: a proxy's bodies are
    /// slices of a shared buffer too, and come once.
    candidate: Option<Key>,
    /// Whether the candidate was remembered before and released.
    was_remembered: bool,
}

struct Remembered {
    content: Bytes,
    /// A copy, which holds on to no buffer of a connection.
    content_type: Option<HeaderValue>,
    tag: EntityTag,
}

/// Where the bytes are, which says nothing once no handle to them exists, and their type by its length: two
/// types of one length take turns.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    address: usize,
    length: usize,
    type_length: usize,
}

impl Memory {
    /// The remembered tag of `content` with this type, or what `hash` makes of it.
    pub(super) fn tag_of(
        &self,
        content: &Bytes,
        content_type: Option<&HeaderValue>,
        hash: impl FnOnce() -> EntityTag,
    ) -> EntityTag {
        // Made for one response, or the last handle of its kind.
        if content.is_unique() || content_type.is_some_and(|value| value.len() > LONGEST_CONTENT_TYPE) {
            return hash();
        }
        let slots = self.slots.get_or_init(|| (0..SLOTS).map(|_| RwLock::default()).collect());
        let key = Key::of(content, content_type);
        let index = slot_of(key);
        if let Ok(slot) = slots[index].try_read()
            && let Some(remembered) = &slot.remembered
            && remembered.is_of(key, content_type)
        {
            return remembered.tag.clone();
        }
        let tag = hash();
        let Ok(mut slot) = slots[index].try_write() else { return tag };
        if slot.candidate == Some(key) {
            let is_new = !slot.was_remembered;
            *slot = Slot { remembered: Remembered::new(content, content_type, &tag), ..Slot::default() };
            drop(slot);
            if is_new {
                release_all_but(index, slots);
            }
        } else {
            slot.candidate = Some(key);
            slot.was_remembered = false;
        }
        tag
    }
}

/// Releases the other bodies when a new one is remembered. Slices of one buffer keep each other shared, and a
/// body that belongs to an owner never says that it is unique, so whether the application still has a body
/// cannot be known. One that comes again is hashed once more, and remembered at once.
fn release_all_but(index: usize, slots: &[RwLock<Slot>]) {
    for (_, slot) in slots.iter().enumerate().filter(|(other, _)| *other != index) {
        if let Ok(mut slot) = slot.try_write()
            && let Some(released) = slot.remembered.take()
        {
            slot.candidate = Some(Key::of(&released.content, released.content_type.as_ref()));
            slot.was_remembered = true;
        }
    }
}

impl Remembered {
    fn new(content: &Bytes, content_type: Option<&HeaderValue>, tag: &EntityTag) -> Option<Self> {
        let content_type = match content_type {
            Some(value) => Some(HeaderValue::from_bytes(value.as_bytes()).ok()?),
            None => None,
        };
        Some(Self { content: content.clone(), content_type, tag: tag.clone() })
    }

    fn is_of(&self, key: Key, content_type: Option<&HeaderValue>) -> bool {
        Key::of(&self.content, self.content_type.as_ref()) == key && self.content_type.as_ref() == content_type
    }
}

impl Key {
    fn of(content: &Bytes, content_type: Option<&HeaderValue>) -> Self {
        Self {
            address: content.as_ptr().addr(),
            length: content.len(),
            type_length: content_type.map_or(0, HeaderValue::len),
        }
    }
}

fn slot_of(key: Key) -> usize {
    // Fibonacci hashing: the upper bits depend on all the lower ones, of which some are always 0.
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let place = key.address as u64 ^ (key.length as u64).rotate_left(32) ^ (key.type_length as u64).rotate_left(56);
    let mixed = place.wrapping_mul(GOLDEN);
    (mixed >> (u64::BITS - SLOTS.ilog2())) as usize
}

/// A copy starts with nothing: it belongs to a layer that is about to be changed.
impl Clone for Memory {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Without the content of the bodies.
impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How often each of the bodies is hashed when they come one after the other.
    fn hashed<'a>(memory: &Memory, bodies: impl IntoIterator<Item = &'a Bytes>) -> usize {
        let hashed = Cell::new(0);
        for body in bodies {
            let tag = memory.tag_of(body, None, || {
                hashed.set(hashed.get() + 1);
                tag_like(body)
            });
            assert_eq!(tag, tag_like(body), "never the tag of another");
        }
        hashed.get()
    }

    fn tag_like(body: &Bytes) -> EntityTag {
        let digits: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
        EntityTag::parse(format!("\"{digits}\"").as_bytes()).unwrap()
    }

    fn held_by(body: &Bytes) -> bool {
        !body.is_unique()
    }

    #[test]
    fn a_shared_body_is_hashed_until_it_came_twice() {
        let body = Bytes::from_static(b"hello");
        assert_eq!(hashed(&Memory::default(), std::iter::repeat_n(&body, 10)), 2);
    }

    #[test]
    fn a_body_made_for_one_answer_is_hashed_each_time_and_not_held() {
        let memory = Memory::default();
        let body = Bytes::from(b"hello".to_vec());
        assert_eq!(hashed(&memory, std::iter::repeat_n(&body, 10)), 10);
        assert!(memory.slots.get().is_none());
    }

    #[test]
    fn a_piece_of_a_buffer_that_comes_once_is_not_held() {
        let memory = Memory::default();
        let buffer = Bytes::from(vec![7; 4096]);
        let pieces: Vec<_> = (0..16).map(|n| buffer.slice(n * 256..(n + 1) * 256)).collect();
        assert_eq!(hashed(&memory, &pieces), 16);
        drop(pieces);
        assert!(!held_by(&buffer));
    }

    #[test]
    fn other_octets_at_the_same_start_have_another_tag() {
        let memory = Memory::default();
        let buffer = Bytes::from_static(b"hello world");
        let (long, short) = (buffer.clone(), buffer.slice(..5));
        let hashed = hashed(&memory, [&long, &long, &short, &short, &long, &short]);
        // More where both have one slot.
        assert!((4..=6).contains(&hashed), "{hashed}");
    }

    #[test]
    fn a_body_is_released_when_the_next_is_remembered() {
        let memory = Memory::default();
        let old = Bytes::from(b"old".to_vec());
        let also_held = old.clone();
        assert_eq!(hashed(&memory, [&old, &old, &old]), 2);
        drop(also_held);
        assert!(held_by(&old), "by the memory");
        let remembered = || {
            let slots = memory.slots.get().unwrap();
            slots.iter().filter(|slot| slot.read().unwrap().remembered.is_some()).count()
        };
        drop(old);
        assert_eq!(remembered(), 1);
        let new = Bytes::from_static(b"new");
        hashed(&memory, [&new, &new]);
        assert_eq!(remembered(), 1);
    }

    #[test]
    fn slices_of_one_buffer_do_not_keep_each_other() {
        let memory = Memory::default();
        let buffer = Bytes::from(vec![7; 4096]);
        let (a, b) = (buffer.slice(..1024), buffer.slice(1024..3072));
        hashed(&memory, [&a, &a, &a, &b, &b, &b, &a, &b]);
        drop((a, b));
        assert!(held_by(&buffer), "by the memory");
        let new = Bytes::from_static(b"new");
        hashed(&memory, [&new, &new]);
        assert!(!held_by(&buffer));
    }

    #[test]
    fn a_body_that_was_released_is_remembered_again_at_once() {
        let memory = Memory::default();
        let (old, new) = (Bytes::from_static(b"old"), Bytes::from_static(b"newer"));
        assert_eq!(hashed(&memory, [&old, &old, &old, &new, &new, &new]), 4);
        assert_eq!(hashed(&memory, [&old, &old, &old, &new, &old, &new]), 1, "and releases no other");
    }

    #[test]
    fn each_content_type_has_its_own_tag() {
        let memory = Memory::default();
        let body = Bytes::from_static(b"hello");
        let types = ["text/html", "text/plain", "text/xxxx"].map(HeaderValue::from_static);
        for content_type in types.iter().chain(&types).chain(&types) {
            let made = EntityTag::strong(content_type.to_str().unwrap()).unwrap();
            assert_eq!(memory.tag_of(&body, Some(content_type), || made.clone()), made);
        }
    }

    #[test]
    fn a_content_type_from_a_large_buffer_is_copied() {
        let memory = Memory::default();
        let buffer = Bytes::from(vec![b'a'; 4096]);
        let body = Bytes::from_static(b"hello");
        for _ in 0..3 {
            let content_type = HeaderValue::from_maybe_shared(buffer.slice(..9)).unwrap();
            memory.tag_of(&body, Some(&content_type), || tag_like(&body));
        }
        assert!(!held_by(&buffer));
    }

    #[test]
    fn a_thousand_bodies_in_turn_keep_no_more_than_there_are_slots() {
        let memory = Memory::default();
        let bodies: Vec<_> = (0..1_000u32).map(|n| Bytes::from(n.to_be_bytes().to_vec())).collect();
        let shared = bodies.clone();
        for _ in 0..3 {
            hashed(&memory, bodies.iter().flat_map(|body| [body, body]));
        }
        drop(shared);
        let held = bodies.iter().filter(|body| held_by(body)).count();
        assert!((1..=SLOTS).contains(&held), "{held}");
    }

    #[test]
    fn hashes_when_the_slot_is_locked() {
        let memory = Memory::default();
        let body = Bytes::from_static(b"hello");
        hashed(&memory, [&body, &body]);
        let guards: Vec<_> = memory.slots.get().unwrap().iter().map(|slot| slot.write().unwrap()).collect();
        assert_eq!(hashed(&memory, [&body]), 1);
        drop(guards);
        assert_eq!(hashed(&memory, [&body]), 0);
    }
}
