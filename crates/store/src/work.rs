//! pending
use crate::db::Db;
use domain::ids::WorkerId;
#[derive(Clone, Debug)]
pub struct Work {
    pub(crate) db: Db,
    pub(crate) worker: WorkerId,
}
