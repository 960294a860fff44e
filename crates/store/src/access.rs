//! pending
use crate::db::Db;
#[derive(Clone, Debug)]
pub struct Access {
    pub(crate) db: Db,
}
pub struct AccessLink;
pub struct LinkKind;
pub struct SignedIn;
pub struct User;
