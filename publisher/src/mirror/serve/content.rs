//! What goes over the wire after the head of an answer: a text, or bytes of a file as it was when it was opened.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::access::Entry;

/// Read at once. The system has most of it in memory; where it has not, one of several threads waits.
const PIECE: u64 = 128 * 1024;

/// The content of an answer.
#[derive(Debug, Default)]
pub struct Content {
    text: Bytes,
    file: Option<(File, Range<u64>)>,
    entry: Option<Entry>,
}

impl Content {
    /// A few words.
    pub fn text(text: impl Into<Bytes>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Bytes of a file.
    pub fn file(file: File, bytes: Range<u64>) -> Self {
        Self { file: Some((file, bytes)), ..Self::default() }
    }

    /// The same, which is logged when it was sent, or when the client is gone.
    #[must_use]
    pub fn logged(self, entry: Entry) -> Self {
        Self { entry: Some(entry), ..self }
    }

    fn left(&self) -> u64 {
        self.text.len() as u64 + self.file.as_ref().map_or(0, |(_, bytes)| bytes.end - bytes.start)
    }

    fn next(&mut self) -> io::Result<Bytes> {
        let Some((file, bytes)) = &mut self.file else { return Ok(std::mem::take(&mut self.text)) };
        let mut piece = vec![0; PIECE.min(bytes.end - bytes.start) as usize];
        file.read_exact_at(&mut piece, bytes.start)?;
        bytes.start += piece.len() as u64;
        Ok(piece.into())
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let content = self.get_mut();
        if content.left() == 0 {
            return Poll::Ready(None);
        }
        let piece = content.next();
        if let (Ok(piece), Some(entry)) = (&piece, &mut content.entry) {
            entry.sent += piece.len() as u64;
        }
        Poll::Ready(Some(piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}
