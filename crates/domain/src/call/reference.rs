//! Our own reference of a call, which providers keep and repeat in their reports.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use crate::{
    UnknownWord,
    ids::{BroadcastId, MessageRef, MessageSpan},
};

/// One attempt to call one person, written as `<broadcast>.<position>.<attempt>`. A second attempt is another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallRef {
    /// The message that the call delivers.
    pub message: MessageRef,
    /// The number of the attempt, from 1.
    pub attempt: i64,
}

impl CallRef {
    /// The call's message as a span that holds it alone.
    pub fn span(self) -> MessageSpan {
        self.message.into()
    }
}

impl fmt::Display for CallRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.message.broadcast.0.simple(), self.message.position, self.attempt)
    }
}

impl FromStr for CallRef {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<CallRef, UnknownWord> {
        let read = || {
            let mut parts = text.split('.');
            let broadcast = BroadcastId(Uuid::try_parse(parts.next()?).ok()?);
            let mut number = || parts.next()?.parse().ok().filter(|n: &i64| *n > 0);
            let (position, attempt) = (number()?, number()?);
            let whole = parts.next().is_none();
            whole.then_some(CallRef { message: MessageRef { broadcast, position }, attempt })
        };
        read().ok_or_else(|| UnknownWord { what: "call", word: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Millis;

    #[test]
    fn a_call_is_read_back_as_it_was_written_and_nothing_else_is_one() {
        let broadcast = BroadcastId::new(Millis(1_767_240_000_000));
        let call = CallRef { message: MessageRef { broadcast, position: 7 }, attempt: 2 };
        assert_eq!(call.to_string().parse(), Ok(call));
        assert!(call.to_string().len() <= 64 && call.span().holds(7));
        let id = broadcast.0.simple();
        for wrong in [
            "",
            "c_7Q2",
            &format!("{id}.7"),
            &format!("{id}.0.1"),
            &format!("{id}.7.0"),
            &format!("{id}.7.1.1"),
        ] {
            assert!(wrong.parse::<CallRef>().is_err(), "{wrong}");
        }
    }
}
