//! Rehearsals of workshops' plans: where one stands, and what is to go wrong in it.

crate::text_enum! {
    /// The state of a rehearsal, from its beginning to its end.
    RehearsalState, "state of a rehearsal" {
        /// The plan is being played.
        Running = "running",
        /// The rehearsal was played to its end.
        Done = "done",
        /// A member ended the rehearsal early.
        Stopped = "stopped",
        /// The rehearsal broke off, and says why.
        Failed = "failed",
    }
}

crate::text_enum! {
    /// How the stand-ins of providers answer on the whole.
    Weather, "kind of day" {
        /// Every message arrives, and its receipt comes.
        Good = "good",
        /// Most arrive, some are read, some fail.
        Usual = "usual",
    }
}

crate::text_enum! {
    /// What goes wrong with the stand-ins for a while.
    Trouble, "trouble" {
        /// Nothing goes wrong.
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
