//! A zip of one file, stored as it is.
//!
//! An output has 256 KB at most, which nobody need compress: the compressor of a library would be a part of the function
//! that is loaded with every start.
//!
//! The format: <https://pkwaredownloads.blob.core.windows.net/pkware-general/Documentation/APPNOTE-6.3.9.TXT>.

/// Version 1.0 of the format is enough to read it.
const VERSION: u16 = 10;
/// Made on Unix, so that the attributes are a file's mode.
const MADE_BY: u16 = (3 << 8) | 20;
/// 1 January 1980, the format's first day: the same bytes for the same content.
const FIRST_DAY: u16 = (1 << 5) | 1;
/// A regular file that its owner may write and everybody read.
const MODE: u32 = 0o100_644;

/// A zip with this one file in it; nothing where the format has no room for it.
pub(super) fn zip_of(name: &str, content: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(content.len()).ok()?;
    let name_length = u16::try_from(name.len()).ok()?;
    let mut described = Vec::new();
    for field in [VERSION, 0, 0, 0, FIRST_DAY] {
        described.extend(field.to_le_bytes());
    }
    for field in [crc32fast::hash(content), length, length] {
        described.extend(field.to_le_bytes());
    }
    described.extend(name_length.to_le_bytes());
    // No extra field.
    described.extend(0_u16.to_le_bytes());

    let mut zip = Vec::with_capacity(content.len() + 256);
    zip.extend(b"PK\x03\x04");
    zip.extend(&described);
    zip.extend(name.as_bytes());
    zip.extend(content);

    let directory = u32::try_from(zip.len()).ok()?;
    zip.extend(b"PK\x01\x02");
    zip.extend(MADE_BY.to_le_bytes());
    zip.extend(&described);
    // No comment, the first disk, and nothing said of the content.
    zip.extend([0; 6]);
    zip.extend((MODE << 16).to_le_bytes());
    // The file is at the beginning.
    zip.extend(0_u32.to_le_bytes());
    zip.extend(name.as_bytes());
    let directory_length = u32::try_from(zip.len()).ok()? - directory;

    zip.extend(b"PK\x05\x06");
    zip.extend([0; 4]);
    zip.extend([1, 0, 1, 0]);
    zip.extend(directory_length.to_le_bytes());
    zip.extend(directory.to_le_bytes());
    zip.extend([0; 2]);
    Some(zip)
}
