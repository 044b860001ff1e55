//! `GET /.well-known/jwks.json` and `/.well-known/jwks` (`spec/sessions-and-public-rest.md` §10).

use axum::response::Response;

use crate::extract::Tenant;

pub(crate) async fn jwks(Tenant(served): Tenant) -> Response {
    served.jwks()
}
