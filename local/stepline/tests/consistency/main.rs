//! The house holds together: what one file says of another is so.
//!
//! Templates, the state machine's definition, the buildspec, the workflows, the sample events, the code and the README
//! are written by hand and name one another; nothing but these tests would notice a name that changed in one of them
//! only. Every check gathers all of its findings, and each finding says the file, the thing and the mend.

mod approvals;
mod book;
mod built_once;
mod checking;
mod circles;
mod definition;
mod deploying;
mod documents;
mod events;
mod functions;
mod gate;
mod handed_on;
mod house;
mod images;
mod parameters;
mod pictures;
mod pipeline;
mod planned;
mod portable;
mod published;
mod rehearsal;
mod release;
mod retrying;
mod serving;
mod tidy;
mod workflow;
