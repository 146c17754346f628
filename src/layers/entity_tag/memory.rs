//! [`Memory`]: the tags of bodies that come again as the very same octets in memory.

use std::fmt;
use std::sync::{OnceLock, RwLock};

use bytes::Bytes;

use crate::protocol::EntityTag;

/// The tags of shared bodies, such as a static page or one that the application caches: the
/// same place in memory holds the same octets for as long as somebody holds on to it, which the
/// memory does.
///
/// A lock is only ever tried. Who finds it taken hashes, as without a memory.
#[derive(Default)]
pub(super) struct Memory {
    /// Made when the first shared body comes: most services have none.
    slots: OnceLock<Box<[RwLock<Slot>]>>,
}

/// How many bodies are remembered. Each has one slot that it can stand in.
const SLOTS: usize = 64;

#[derive(Default)]
struct Slot {
    remembered: Option<(Bytes, EntityTag)>,
    /// What came last and was not remembered. It is at its second time: a proxy's bodies are
    /// pieces of a shared buffer too, and come once.
    candidate: Option<Place>,
}

/// Where octets are. Says nothing once nobody holds them.
type Place = (usize, usize);

impl Memory {
    /// The remembered tag of `content`, or what `hash` makes of it.
    pub(super) fn tag_of(&self, content: &Bytes, hash: impl FnOnce() -> EntityTag) -> EntityTag {
        // Made for one answer, or the last of its kind.
        if content.is_unique() {
            return hash();
        }
        let slots = self.slots.get_or_init(|| (0..SLOTS).map(|_| RwLock::default()).collect());
        let place = place_of(content);
        let slot = &slots[slot_of(place)];
        if let Ok(slot) = slot.try_read()
            && let Some((remembered, tag)) = &slot.remembered
            && place_of(remembered) == place
        {
            return tag.clone();
        }
        let tag = hash();
        let Ok(mut slot) = slot.try_write() else { return tag };
        if slot.candidate == Some(place) {
            *slot = Slot { remembered: Some((content.clone(), tag.clone())), candidate: None };
            drop(slot);
            forget_abandoned(slots);
        } else {
            slot.candidate = Some(place);
        }
        tag
    }
}

/// Lets go of bodies that nobody else holds any more: they cannot come again.
fn forget_abandoned(slots: &[RwLock<Slot>]) {
    for slot in slots {
        if let Ok(mut slot) = slot.try_write()
            && slot.remembered.as_ref().is_some_and(|(content, _)| content.is_unique())
        {
            slot.remembered = None;
        }
    }
}

fn place_of(content: &Bytes) -> Place {
    (content.as_ptr().addr(), content.len())
}

fn slot_of((address, length): Place) -> usize {
    // Fibonacci hashing: the upper bits depend on all the lower ones, of which some are always 0.
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = (address as u64 ^ (length as u64).rotate_left(32)).wrapping_mul(GOLDEN);
    (mixed >> (u64::BITS - SLOTS.ilog2())) as usize
}

/// A copy starts with nothing: it belongs to a layer that is about to be changed.
impl Clone for Memory {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Without what was in the bodies.
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
            let tag = memory.tag_of(body, || {
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
        // The more where both have one slot.
        assert!((4..=6).contains(&hashed), "{hashed}");
    }

    #[test]
    fn what_nobody_else_holds_is_let_go_when_the_next_is_remembered() {
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
    fn who_finds_the_lock_taken_hashes() {
        let memory = Memory::default();
        let body = Bytes::from_static(b"hello");
        hashed(&memory, [&body, &body]);
        let guards: Vec<_> = memory.slots.get().unwrap().iter().map(|slot| slot.write().unwrap()).collect();
        assert_eq!(hashed(&memory, [&body]), 1);
        drop(guards);
        assert_eq!(hashed(&memory, [&body]), 0);
    }
}
