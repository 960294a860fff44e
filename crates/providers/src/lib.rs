//! Adapters to the services that carry messages, one file per vendor.
