//! A workshop's and a registrant's states.

crate::text_enum! {
    /// The status of a workshop, set by its organisation.
    WorkshopStatus, "workshop status" {
        /// The workshop is entered and not yet certain.
        Planned = "planned",
        /// The workshop will take place.
        Confirmed = "confirmed",
        /// The workshop is over.
        Completed = "completed",
        /// The workshop will not take place, and nothing more is sent for it.
        Cancelled = "cancelled",
    }
}

crate::text_enum! {
    /// The status of a registration. Only `Registered` people are told anything.
    RegistrantStatus, "registrant status" {
        /// The person has a place.
        Registered = "registered",
        /// The person gave the place back.
        Cancelled = "cancelled",
        /// The person got the money back.
        Refunded = "refunded",
    }
}

crate::text_enum! {
    /// In what a newer export of a list differs from what is registered. Each kind is taken over or not as a whole.
    Difference, "difference between lists" {
        /// Registered here, cancelled or refunded there.
        Ended = "ended",
        /// Registered here; there it has a status that gives no place, such as failed or expired.
        NoPlace = "no_place",
        /// Registered here under one payment or order; there only another of theirs failed, or was cancelled or refunded.
        OtherPayment = "other_payment",
        /// The same registration with another number, name or address.
        Changed = "changed",
        /// Cancelled or refunded here, registered there.
        Returned = "returned",
        /// Registered here, and not in the list any more.
        Gone = "gone",
    }
}

crate::text_enum! {
    /// The eight colours a tag may have; each is a dot beside the word.
    TagColour, "tag colour" {
        /// Violet, the default.
        Violet = "violet",
        /// Blue.
        Blue = "blue",
        /// Teal.
        Teal = "teal",
        /// Green.
        Green = "green",
        /// Lime.
        Lime = "lime",
        /// Amber.
        Amber = "amber",
        /// Rose.
        Rose = "rose",
        /// Grey.
        Grey = "grey",
    }
}
