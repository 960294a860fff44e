//! Retention: erasing the people of workshops that were kept long enough, in small transactions beside the sending.

use domain::ids::WorkshopId;
use store::{
    StoreError,
    erasure::{Forgotten, RetentionDue},
};
use tracing::{info, warn};

use crate::Engine;

impl Engine {
    /// Looks at every organisation whose turn it is; how many there were. Of several processes each organisation is looked at by one.
    pub async fn forget(&self) -> Result<u64, StoreError> {
        let mut looked_at = 0;
        while let Some(due) = self.work.retention_due(self.clock.now()).await? {
            let did = self.forget_past(&due).await?;
            self.work.retention_done(&due, &did, self.clock.now()).await?;
            if did.is_any() {
                info!(
                    organization.id = %due.organization,
                    "erased the people of {} workshops that were kept long enough: {} registrations, {} messages",
                    did.workshops, did.people, did.messages
                );
            }
            looked_at += 1;
        }
        if looked_at > 0 {
            self.forget_files().await?;
        }
        Ok(looked_at)
    }

    async fn forget_past(&self, due: &RetentionDue) -> Result<Forgotten, StoreError> {
        let mut all = Forgotten::default();
        let mut last: Option<WorkshopId> = None;
        while let Some(workshop) = self.work.workshop_to_forget(due).await? {
            // Somebody registered meanwhile: the next look takes them.
            if last.replace(workshop) == Some(workshop) {
                break;
            }
            let did = self.work.forget_workshop(due, workshop, self.clock.now()).await?;
            all.workshops += did.workshops;
            all.people += did.people;
            all.messages += did.messages;
        }
        all.receipts = self.work.forget_receipts(due).await?;
        Ok(all)
    }

    /// Uploads of erased workshops, as far as they lie on this machine.
    async fn forget_files(&self) -> Result<(), StoreError> {
        let Some(folder) = &self.files else { return Ok(()) };
        for path in self.work.files_to_forget().await? {
            match tokio::fs::remove_file(folder.join(&path)).await {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => warn!("an uploaded file that is to be erased could not be removed: {error}"),
            }
        }
        Ok(())
    }
}
