//! Rehearsals of workshops' plans: where one stands, and what is to go wrong in it.

crate::text_enum! {
    /// Where a rehearsal stands.
    RehearsalState, "state of a rehearsal" {
        /// It is being played.
        Running = "running",
        /// It came to its end.
        Done = "done",
        /// Somebody ended it.
        Stopped = "stopped",
        /// It broke off, and says why.
        Failed = "failed",
    }
}

crate::text_enum! {
    /// How the providers are on the whole.
    Weather, "kind of day" {
        /// Every message arrives.
        Good = "good",
        /// Most arrive, some are read, some fail.
        Usual = "usual",
    }
}

crate::text_enum! {
    /// What goes wrong for a while.
    Trouble, "trouble" {
        /// Nothing.
        None = "none",
        /// Providers take messages, and their answers are lost: nobody knows what became of them.
        Silent = "silent",
        /// Providers say that they are out of order: nothing was taken, and it is tried again.
        Down = "down",
        /// Providers ask to slow down.
        Busy = "busy",
        /// This program does not run.
        Off = "off",
    }
}
