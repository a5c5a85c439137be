//! Why somebody is not answered.

use hyper::StatusCode;

/// The refusals; [`crate::report::portal`] words them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The address that was asked for is not that of this page.
    Address,
    /// Another page than one of ours wants something changed.
    Origin,
    /// The form does not carry the token of the session.
    Token,
    /// What was sent is no form.
    Form,
    /// It is larger than any form.
    Large,
    /// It did not come in time.
    Slow,
    /// Nothing is done on this path by this method.
    Method,
    /// There is nothing of this name.
    Unknown,
    /// Nobody is logged in here.
    Stranger,
    /// The code was used, or is over, or is none.
    Code,
    /// Too often in a minute.
    Often,
}

impl Refusal {
    /// The status of the response.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Address => StatusCode::MISDIRECTED_REQUEST,
            Self::Origin | Self::Token | Self::Code | Self::Stranger => StatusCode::FORBIDDEN,
            Self::Form => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Large => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Often => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}
