//! [`Memo`]: the tags of bodies that are sent repeatedly from the same address.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, RwLock};

use bytes::Bytes;
use http::HeaderValue;

use crate::protocol::EntityTag;

/// The tags of shared bodies, such as a static page or a page that the application caches.
///
/// An address contains the same bytes as long as a [`Bytes`] handle to them exists, so each entry has such a handle.
///
/// The memo never waits for a lock. A caller that does not get the lock hashes the body.
#[derive(Default)]
pub(super) struct Memo {
    /// Allocated for the first shared body, because most services have none.
    slots: OnceLock<Box<[Slot]>>,
    /// The slots with an entry, one bit each. Changed only under the lock of the slot.
    occupied: AtomicU64,
}

/// The number of bodies in the memo. Each body can be in only one slot.
const SLOTS: usize = 64;

/// The maximum length of a content type in the memo, in bytes.
const LONGEST_CONTENT_TYPE: usize = 128;

#[derive(Default)]
struct Slot {
    entry: RwLock<Option<Entry>>,
    /// The last body that was not in the memo, as [`Key::fingerprint`]. It becomes the entry when it is sent a second
    /// time. The bodies of a proxy are slices of a shared buffer too, but each is sent only once.
    candidate: AtomicU64,
}

/// The bit of a candidate that was an entry before and was released.
const WAS_ENTRY: u64 = 1;

struct Entry {
    content: Bytes,
    /// A copy, which does not hold the buffer of a connection.
    content_type: Option<HeaderValue>,
    tag: EntityTag,
}

/// The address and length of a body, and the length of its content type. The address identifies the bytes only as long
/// as a handle to them exists. Two content types of the same length replace each other.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    address: usize,
    length: usize,
    type_length: usize,
}

impl Memo {
    /// Returns the stored tag of `content` with this content type, or the result of `hash`.
    pub(super) fn tag_of(
        &self,
        content: &Bytes,
        content_type: Option<&HeaderValue>,
        hash: impl FnOnce() -> EntityTag,
    ) -> EntityTag {
        // A body with a single handle was made for one response.
        if content.is_unique() || content_type.is_some_and(|value| value.len() > LONGEST_CONTENT_TYPE) {
            return hash();
        }
        let slots = self.slots.get_or_init(|| (0..SLOTS).map(|_| Slot::default()).collect());
        let key = Key::of(content, content_type);
        let fingerprint = key.fingerprint();
        let index = slot_of(fingerprint);
        let slot = &slots[index];
        if self.occupied.load(Ordering::Relaxed) & 1 << index != 0
            && let Ok(entry) = slot.entry.try_read()
            && let Some(entry) = entry.as_ref().filter(|entry| entry.is_of(key, content_type))
        {
            return entry.tag.clone();
        }
        let tag = hash();
        let candidate = slot.candidate.load(Ordering::Relaxed);
        if candidate & !WAS_ENTRY != fingerprint {
            slot.candidate.store(fingerprint, Ordering::Relaxed);
        } else if let Ok(mut entry) = slot.entry.try_write() {
            *entry = Entry::new(content, content_type, &tag);
            slot.candidate.store(0, Ordering::Relaxed);
            self.set_occupied(index, entry.is_some());
            drop(entry);
            if candidate & WAS_ENTRY == 0 {
                self.release_all_but(index, slots);
            }
        }
        tag
    }

    /// Releases all other entries when a new one is added.
    ///
    /// The memo cannot know whether the application still has a body: all slices of one buffer share it, and a body
    /// with an owner is never unique. A released body that is sent again is hashed once and becomes an entry at once.
    fn release_all_but(&self, index: usize, slots: &[Slot]) {
        let mut others = self.occupied.load(Ordering::Relaxed) & !(1 << index);
        while others != 0 {
            let other = others.trailing_zeros() as usize;
            others &= others - 1;
            if let Ok(mut entry) = slots[other].entry.try_write()
                && let Some(released) = entry.take()
            {
                let key = Key::of(&released.content, released.content_type.as_ref());
                slots[other].candidate.store(key.fingerprint() | WAS_ENTRY, Ordering::Relaxed);
                self.set_occupied(other, false);
            }
        }
    }

    fn set_occupied(&self, index: usize, is_occupied: bool) {
        if is_occupied {
            self.occupied.fetch_or(1 << index, Ordering::Relaxed);
        } else {
            self.occupied.fetch_and(!(1 << index), Ordering::Relaxed);
        }
    }
}

impl Entry {
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

    /// Returns a number that is never zero. Two keys with the same number only become entries sooner.
    fn fingerprint(self) -> u64 {
        // Fibonacci hashing: alignment makes some low bits zero, so the slot comes from the high bits.
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let place =
            self.address as u64 ^ (self.length as u64).rotate_left(32) ^ (self.type_length as u64).rotate_left(56);
        (place.wrapping_mul(GOLDEN) & !WAS_ENTRY).max(WAS_ENTRY << 1)
    }
}

fn slot_of(fingerprint: u64) -> usize {
    (fingerprint >> (u64::BITS - SLOTS.ilog2())) as usize
}

/// A clone is empty, because a layer is cloned to change its settings.
impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Omits the content of the bodies.
impl fmt::Debug for Memo {
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

    #[test]
    fn a_shared_body_is_hashed_twice() {
        let body = Bytes::from_static(b"hello");
        assert_eq!(hashed(&Memo::default(), std::iter::repeat_n(&body, 10)), 2);
    }

    #[test]
    fn a_body_with_one_handle_is_always_hashed_and_never_held() {
        let memo = Memo::default();
        let body = Bytes::from(b"hello".to_vec());
        assert_eq!(hashed(&memo, std::iter::repeat_n(&body, 10)), 10);
        assert!(memo.slots.get().is_none());
    }

    #[test]
    fn a_slice_that_is_sent_once_is_not_held() {
        let memo = Memo::default();
        let buffer = Bytes::from(vec![7; 4096]);
        let slices: Vec<_> = (0..16).map(|n| buffer.slice(n * 256..(n + 1) * 256)).collect();
        assert_eq!(hashed(&memo, &slices), 16);
        drop(slices);
        assert!(!is_held(&buffer));
    }

    #[test]
    fn bodies_of_different_length_at_the_same_address_have_different_tags() {
        let memo = Memo::default();
        let buffer = Bytes::from_static(b"hello world");
        let (long, short) = (buffer.clone(), buffer.slice(..5));
        let hashed = hashed(&memo, [&long, &long, &short, &short, &long, &short]);
        // Six if both share a slot.
        assert!((4..=6).contains(&hashed), "{hashed}");
    }

    #[test]
    fn a_body_is_released_when_another_is_added() {
        let memo = Memo::default();
        let old = Bytes::from(b"old".to_vec());
        let also_held = old.clone();
        assert_eq!(hashed(&memo, [&old, &old, &old]), 2);
        drop(also_held);
        assert!(is_held(&old), "the memo released the body");
        let entries = || {
            let slots = memo.slots.get().unwrap();
            slots.iter().filter(|slot| slot.entry.read().unwrap().is_some()).count()
        };
        drop(old);
        assert_eq!(entries(), 1);
        let new = Bytes::from_static(b"new");
        hashed(&memo, [&new, &new]);
        assert_eq!(entries(), 1);
    }

    #[test]
    fn all_slices_of_a_buffer_are_released() {
        let memo = Memo::default();
        let buffer = Bytes::from(vec![7; 4096]);
        let (a, b) = (buffer.slice(..1024), buffer.slice(1024..3072));
        hashed(&memo, [&a, &a, &a, &b, &b, &b, &a, &b]);
        drop((a, b));
        assert!(is_held(&buffer), "the memo released the buffer");
        let new = Bytes::from_static(b"new");
        hashed(&memo, [&new, &new]);
        assert!(!is_held(&buffer));
    }

    #[test]
    fn a_released_body_is_hashed_only_once_more() {
        let memo = Memo::default();
        let (old, new) = (Bytes::from_static(b"old"), Bytes::from_static(b"newer"));
        assert_eq!(hashed(&memo, [&old, &old, &old, &new, &new, &new]), 4);
        assert_eq!(hashed(&memo, [&old, &old, &old, &new, &old, &new]), 1, "adding it again released another body");
    }

    #[test]
    fn each_content_type_has_its_own_tag() {
        let memo = Memo::default();
        let body = Bytes::from_static(b"hello");
        let types = ["text/html", "text/plain", "text/xxxx"].map(HeaderValue::from_static);
        for content_type in types.iter().chain(&types).chain(&types) {
            let tag = EntityTag::strong(content_type.to_str().unwrap()).unwrap();
            assert_eq!(memo.tag_of(&body, Some(content_type), || tag.clone()), tag);
        }
    }

    #[test]
    fn a_content_type_from_a_large_buffer_is_copied() {
        let memo = Memo::default();
        let buffer = Bytes::from(vec![b'a'; 4096]);
        let body = Bytes::from_static(b"hello");
        for _ in 0..3 {
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
            hashed(&memo, bodies.iter().flat_map(|body| [body, body]));
        }
        drop(shared);
        let held = bodies.iter().filter(|body| is_held(body)).count();
        assert!((1..=SLOTS).contains(&held), "{held}");
    }

    #[test]
    fn hashes_when_the_slot_is_locked() {
        let memo = Memo::default();
        let body = Bytes::from_static(b"hello");
        hashed(&memo, [&body, &body]);
        let guards: Vec<_> = memo.slots.get().unwrap().iter().map(|slot| slot.entry.write().unwrap()).collect();
        assert_eq!(hashed(&memo, [&body]), 1);
        drop(guards);
        assert_eq!(hashed(&memo, [&body]), 0);
    }
}
