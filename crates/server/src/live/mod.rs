//! Live screens: who watches what, and the renderers that they share. It knows no page: a page says what it watches ([`Watched`]).

mod feed;

pub use feed::{Live, Rendering, StreamSlot, Watched};
