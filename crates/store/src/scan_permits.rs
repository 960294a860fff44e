//! Permits for reading much at once: exports, large searches and counts share a few of them.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{SCAN_WAIT, SCANS_AT_ONCE, error::StoreError, traffic::Traffic};

/// The right to read much, or the place where it is given out.
#[derive(Clone, Debug)]
pub(crate) struct ScanPermits {
    free: Arc<Semaphore>,
    /// What whoever reads much gives way to.
    pub(crate) traffic: Traffic,
    _right: Option<Arc<OwnedSemaphorePermit>>,
}

impl ScanPermits {
    pub(crate) fn new(traffic: Traffic) -> ScanPermits {
        ScanPermits { free: Arc::new(Semaphore::new(SCANS_AT_ONCE)), traffic, _right: None }
    }

    /// Waits for a right of its own; it ends with the last copy of what is returned.
    pub(crate) async fn begin(&self) -> Result<ScanPermits, StoreError> {
        let right = tokio::time::timeout(SCAN_WAIT, Arc::clone(&self.free).acquire_owned()).await;
        let right = right.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Busy)?;
        Ok(ScanPermits { _right: Some(Arc::new(right)), ..self.clone() })
    }
}
