//! Stand-ins for the vendors, written from their documents, with faults on demand.
