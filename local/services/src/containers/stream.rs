//! What an engine sends bit by bit: a container's output in frames, and what goes on in a build as JSON, line by line.

use super::api::{Api, EngineError};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use serde_json::Value;

/// The stream, three bytes of nothing, and the length: <https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Container/operation/ContainerAttach>.
const HEAD: usize = 8;

/// Takes a container's output apart: its two streams are in one, and frames and lines end where they please.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// Bytes of a frame that is not whole yet.
    waiting: Vec<u8>,
    /// A line that has not ended, of each stream.
    lines: [Vec<u8>; 3],
}

impl Output {
    /// Takes more bytes; each line that is whole goes to `line`.
    pub(super) fn take(&mut self, bytes: &[u8], line: &mut dyn FnMut(String)) {
        self.waiting.extend_from_slice(bytes);
        let mut rest = self.waiting.as_slice();
        while let Some((head, behind)) = rest.split_at_checked(HEAD) {
            let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
            let Some((content, behind)) = behind.split_at_checked(length) else {
                break;
            };
            let unended = &mut self.lines[usize::from(head[0]).min(2)];
            for byte in content {
                if *byte == b'\n' {
                    line(text(&std::mem::take(unended)));
                } else {
                    unended.push(*byte);
                }
            }
            rest = behind;
        }
        self.waiting = rest.to_vec();
    }

    /// The last lines, where they were not ended.
    pub(super) fn end(self, line: &mut dyn FnMut(String)) {
        for unended in self.lines.iter().filter(|line| !line.is_empty()) {
            line(text(unended));
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end_matches('\r').to_owned()
}

impl Api {
    /// Reads an answer that is JSON, one object a line; an object with `error` ends it.
    pub(super) async fn messages(
        &self,
        response: Response<Incoming>,
        message: &mut (dyn FnMut(&Value) + Send),
    ) -> Result<(), EngineError> {
        let mut body = response.into_body();
        let mut waiting = Vec::new();
        let mut failure = None;
        loop {
            let frame = match body.frame().await {
                Some(frame) => frame.map_err(|error| self.unreachable(error))?,
                None => break,
            };
            waiting.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
            while let Some(at) = waiting.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = waiting.drain(..=at).collect();
                failure = read(&line, message)?.or(failure);
            }
        }
        match read(&waiting, message)?.or(failure) {
            Some(message) => Err(EngineError::Refused { status: 0, message }),
            None => Ok(()),
        }
    }
}

/// Reads one message; an error that it tells of is answered.
fn read(line: &[u8], message: &mut (dyn FnMut(&Value) + Send)) -> Result<Option<String>, EngineError> {
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    let read: Value = serde_json::from_slice(line).map_err(|error| EngineError::Unusable(error.to_string()))?;
    match read["error"].as_str() {
        Some(error) => Ok(Some(error.trim().to_owned())),
        None => {
            message(&read);
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(stream: u8, content: &str) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0], &length[..], content.as_bytes()].concat()
    }

    #[test]
    fn output_comes_apart_wherever_it_was_cut() {
        let whole = [
            frame(1, "one\ntw"),
            frame(2, "err\r\n"),
            frame(1, "o\n"),
            frame(2, ""),
            frame(2, "no end"),
        ]
        .concat();
        for size in 1..=whole.len() {
            let mut lines = Vec::new();
            let mut output = Output::default();
            for part in whole.chunks(size) {
                output.take(part, &mut |line| lines.push(line));
            }
            output.end(&mut |line| lines.push(line));
            assert_eq!(lines, ["one", "err", "two", "no end"], "in parts of {size}");
        }
    }
}
