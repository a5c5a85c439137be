//! The feed of a channel, on the writing side: plans, one shard per product, and the signed head.
//!
//! Plans and shards lie under the digests of what they say, and are added; the head is swapped, last of
//! all. What was offered before is carried over from the published shard: a publish knows only what is new.

mod changes;
mod draft;
mod error;
mod extension;
mod order;
mod published;

pub use changes::{Changes, MAXIMUM_CHANGES_SIZE};
pub use draft::{FeedDraft, FeedSnapshot, NewRelease};
pub use error::FeedError;
pub use extension::{believed_until, extend, extension, verified as verified_extension};
pub use published::{Head, head, shard};
