//! Style sheets, script, font and icon, kept by browsers for a year: another content has another name.

use axum::{
    http::{Uri, header},
    response::{IntoResponse, Response},
};

use super::error::Problem;
use crate::ui::assets;

/// The asset at this path.
pub async fn serve(uri: Uri) -> Result<Response, Problem> {
    let asset = assets::at(uri.path()).ok_or_else(Problem::not_found)?;
    let headers =
        [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, assets::CACHE_CONTROL)];
    Ok((headers, asset.bytes.as_slice()).into_response())
}
