//! An object of which only some blocks are there: what reads it says which one it misses.
//!
//! A zip's directory stands at its end and its files anywhere, and an artifact can have gigabytes. The zip is read as if
//! it were all there; where a block is missing, reading stops, the block is fetched, and it is read again.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// How long a block is.
pub(super) const BLOCK: u64 = 256 * 1024;

/// An object with holes.
#[derive(Debug)]
pub(super) struct Sparse {
    total: u64,
    blocks: BTreeMap<u64, Vec<u8>>,
    position: u64,
    missing: Option<u64>,
}

impl Sparse {
    /// An object of which the first block is there.
    pub(super) fn new(total: u64, first: Vec<u8>) -> Self {
        Self {
            total,
            blocks: BTreeMap::from([(0, first)]),
            position: 0,
            missing: None,
        }
    }

    /// The block that was missed when it was last read, if one was.
    pub(super) fn take_missing(&mut self) -> Option<Range<u64>> {
        let start = self.missing.take()?;
        Some(start..(start + BLOCK).min(self.total))
    }

    /// Fills a hole.
    pub(super) fn put(&mut self, start: u64, bytes: Vec<u8>) {
        self.blocks.insert(start, bytes);
    }
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.total || buffer.is_empty() {
            return Ok(0);
        }
        let start = self.position - self.position % BLOCK;
        let Some(block) = self.blocks.get(&start) else {
            self.missing = Some(start);
            return Err(io::Error::other("a block is missing"));
        };
        // A position in a block is below its length, 256 KiB.
        let rest = block.get((self.position - start) as usize..).unwrap_or_default();
        if rest.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.total.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
