//! Prints for people and for pipes. Whoever reads may go away (`| head`): then what is left to say is not said, and what is
//! under way goes on.

use std::fmt;
use std::io::Write;

/// Prints a line, as `println!` does, but for its panic where nobody reads any more.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::print::out(format_args!("{}\n", format_args!($($text)*)))
    };
}

/// The same to where errors go.
macro_rules! complain {
    ($($text:tt)*) => {
        $crate::print::err(format_args!("{}\n", format_args!($($text)*)))
    };
}

/// Prints a text as it is.
pub(crate) fn out(text: fmt::Arguments<'_>) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_fmt(text).and_then(|()| stdout.flush());
}

/// The same to where errors go.
pub(crate) fn err(text: fmt::Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(text);
}
